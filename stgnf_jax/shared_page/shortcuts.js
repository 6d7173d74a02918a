// What keys do: a page's `KEYS`, and the table of them in its help.
/** Whether a key means something else where the focus is. */
function isTaken(target, key) {
  if (target.closest("dialog")) return true;
  if (target.matches("input, select")) return key !== "Escape";
  return key === " " && target.matches("button");
}

function onKey(event) {
  const found = KEYS.find(({ keys }) => keys.includes(event.key));
  if (!found || event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target, event.key))
    return;
  event.preventDefault();
  found.act(event.shiftKey);
}

function setUpKeys() {
  document.addEventListener("keydown", onKey);
  const rows = KEYS.map(({ shown, text }) =>
    element(
      "tr",
      {},
      element("td", {}, element("kbd", { textContent: shown })),
      element("td", { textContent: text }),
    ),
  );
  byId("keys").append(element("tbody", {}, ...rows));
}
