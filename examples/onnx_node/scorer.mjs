// Scores windows of poses by an export: facts.json and scorer.onnx, no Python.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;

const FORMAT_VERSION = 1;
const MODEL = "scorer.onnx";

// Reads a folder that `stgnf export --onnx` wrote.
export async function load(folder) {
  const facts = JSON.parse(await readFile(join(folder, "facts.json"), "utf8"));
  if (facts.format_version !== FORMAT_VERSION) {
    throw new Error(`facts.json: format_version is ${facts.format_version}, not ${FORMAT_VERSION}`);
  }
  const model = await readFile(join(folder, MODEL));
  if (createHash("sha256").update(model).digest("hex") !== facts.files[MODEL]) {
    throw new Error(`${MODEL}: is damaged, or of another export than facts.json`);
  }
  return { facts, session: await ort.InferenceSession.create(model) };
}

// Scores of windows, arrays [N][T][J][2 or 3] in pixels: a Float32Array of N, higher is more normal.
export async function score({ facts, session }, windows) {
  const data = prepare(facts, windows);
  const shape = [windows.length, ...facts.input.shape.slice(1)];
  const found = await session.run({ [facts.input.name]: new ort.Tensor("float32", data, shape) });
  return found[facts.output.name].data;
}

// Windows as the model takes them, one after the other: the skeleton's joints, x and y, maybe
// confidence. Poses have the joints of a pose file, or the skeleton's; centre and size are the
// model's work.
export function prepare(facts, windows) {
  const [, frames, joints, channels] = facts.input.shape;
  const sources = sourcesOf(facts, windows);
  const data = new Float32Array(windows.length * frames * joints * channels);
  let next = 0;
  for (const [number, window] of windows.entries()) {
    const first = next;
    expectLength(window, frames, `window ${number}: frames`);
    for (const pose of window) {
      expectLength(pose, windows[0][0].length, `window ${number}: joints`);
      for (const source of sources) {
        for (let channel = 0; channel < channels; channel += 1) {
          data[next] = mean(source.map((joint) => pose[joint]?.[channel]));
          next += 1;
        }
      }
    }
    check(data.subarray(first, next), channels, number);
  }
  return data;
}

// For each joint of the skeleton those of a pose that it is the mean of.
function sourcesOf({ input, skeleton }, windows) {
  const joints = windows[0]?.[0]?.length;
  if (joints === skeleton.file_joints) {
    return skeleton.sources;
  }
  expectLength(windows[0]?.[0], input.shape[2], "window 0: joints");
  return skeleton.sources.map((_, joint) => [joint]);
}

function expectLength(array, length, what) {
  if (!Array.isArray(array) || array.length !== length) {
    throw new Error(`${what} are ${array?.length}, expected ${length}`);
  }
}

// NaN of what are not all numbers: JavaScript would add null as 0.
function mean(values) {
  const sum = values.reduce((total, value) => total + value, 0);
  return values.every(Number.isFinite) ? sum / values.length : NaN;
}

function check(window, channels, number) {
  const isY = (_, place) => place % channels === 1;
  if (!window.every(Number.isFinite)) {
    throw new Error(`window ${number}: holds what is no finite number`);
  }
  if (new Set(window.filter(isY)).size === 1) {
    throw new Error(`window ${number}: has one y in all joints, so no size to normalise by`);
  }
}
