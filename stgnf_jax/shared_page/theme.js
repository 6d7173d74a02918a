// Light or dark, before anything is drawn: as it was chosen here, or as the system has it.
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function chosenTheme() {
  try {
    return localStorage.getItem("stgnf-theme");
  } catch {
    return null; // Some browsers keep nothing for files.
  }
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new Event("theme"));
}

function toggleTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("stgnf-theme", theme);
  } catch {
    // It then holds until the page is left.
  }
  setTheme(theme);
}

setTheme(chosenTheme() ?? (systemIsDark.matches ? "dark" : "light"));
systemIsDark.addEventListener("change", () => {
  if (!chosenTheme()) setTheme(systemIsDark.matches ? "dark" : "light");
});
