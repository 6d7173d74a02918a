// node score.mjs EXPORT [WINDOWS.json]
//
// WINDOWS.json is {"windows": [N][T][J][2 or 3], "scores": [N]}, as EXPORT/sample.json, which is
// taken without. Prints the scores; where the file holds scores, ends with an error if they differ.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { argv, exit } from "node:process";

import { load, score } from "./scorer.mjs";

const TOLERANCE = 1e-4;

async function main(folder, file = join(folder, "sample.json")) {
  const { windows, scores: expected } = JSON.parse(await readFile(file, "utf8"));
  const found = await score(await load(folder), windows);
  found.forEach((value) => console.log(value));
  if (expected !== undefined) {
    compare(found, expected);
  }
}

function compare(found, expected) {
  const largest = Math.max(...expected.map(Math.abs));
  const differences = expected.map((value, place) => Math.abs(found[place] - value) / largest);
  const difference = Math.max(...differences);
  if (!(found.length === expected.length && difference <= TOLERANCE)) {
    throw new Error(`scores differ by ${difference}, expected ${TOLERANCE} at most`);
  }
  console.error(`${found.length} scores agree to ${difference.toExponential(1)}`);
}

if (argv.length < 3) {
  console.error("usage: node score.mjs EXPORT [WINDOWS.json]");
  exit(2);
}
main(...argv.slice(2)).catch((error) => {
  console.error(`score.mjs: ${error.message}`);
  exit(1);
});
