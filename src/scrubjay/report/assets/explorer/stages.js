// The sets of panels that the parts of a page show, by name. All of them show the same scene.

import { ACTIVATION_NAMES } from "./activation.js";
import { Controls } from "./controls.js";
import { element } from "./elements.js";
import { Gallery } from "./gallery.js";
import { Inspector } from "./inspector.js";
import { Legend } from "./legend.js";
import { NeuronPanel } from "./neuron.js";
import { PartsPanel } from "./parts.js";
import { PatternPanel } from "./pattern.js";
import { Plane } from "./plane.js";
import { Space } from "./space.js";
import { Strips } from "./strips.js";

/** Each function makes the panels of a stage from {scene, grid, theme, status}: `parts` are drawn, `nodes` are shown. */
export const STAGES = { workbench, domain, table, attention, space, inner, answer, filters, embeddings, mlp, shift };

/** A panel with its heading and a sentence that explains it. */
function panel(name, words, ...children) {
  return element("section", { class: "sj-panel" }, element("h3", {}, name), element("p", { class: "sj-explained" }, words), ...children);
}

const beside = (...nodes) => [element("div", { class: "sj-beside" }, ...nodes)];

/** Everything at once, with every setting. */
function workbench({ scene, grid, theme, status }) {
  const { isRecorded } = scene;
  const tells = explanations(scene, grid);
  const column = (name, ...panels) => element("div", { class: `sj-column ${name}` }, ...panels);
  const controls = new Controls(scene, ["network", "mlp", "shift", "thresholds", "show"]);
  const plane = new Plane(scene, grid, theme);
  const legend = new Legend();
  const strips = isRecorded ? null : new Strips(scene, grid);
  const inspector = new Inspector(scene);
  const pattern = new PatternPanel(scene, theme);
  const neuron = scene.settings.neuron === null ? null : new NeuronPanel(scene, grid);
  const gallery = new Gallery(scene, grid);
  const columns = element(
    "div",
    { class: `sj-columns${isRecorded ? " sj-recorded" : ""}` },
    column(
      "sj-planes",
      panel("The plane", tells.plane, controls.axes, plane.root, legend.root),
      ...(strips ? [panel("Extended embeddings", tells.embeddings, strips.root)] : []),
    ),
    ...(isRecorded ? [] : [column("sj-settings", controls.root)]),
    column(
      "sj-inputs",
      ...(isRecorded ? [controls.root] : []),
      panel("The input", tells.input, inspector.root),
      panel(`Attention from ${tells.position}`, tells.pattern, pattern.root),
      ...(neuron ? [panel("One neuron", tells.neuron, neuron.root)] : []),
    ),
  );
  return {
    nodes: [status.root, columns, panel("The domain", tells.domain, gallery.root)],
    parts: [status, controls, plane, legend, gallery, neuron, strips, pattern, inspector].filter(Boolean),
  };
}

/** What the network is asked, what it answers, and where it errs. */
function domain({ scene, grid }) {
  const gallery = new Gallery(scene, grid, ["ground truth", "full network", "errors", "current errors"]);
  const inspector = new Inspector(scene, true);
  const tells = explanations(scene, grid);
  return { nodes: beside(panel("The domain", tells.domain, gallery.root), panel("The input", tells.input, inspector.root)), parts: [gallery, inspector] };
}

/** The answers over the domain, and the input under the pointer. */
function table({ scene, grid }) {
  const gallery = new Gallery(scene, grid, ["full network"]);
  const inspector = new Inspector(scene, true);
  return { nodes: beside(gallery.root, element("div", { class: "sj-panel" }, inspector.root)), parts: [gallery, inspector] };
}

/** From the mean pattern to each input's own. */
function attention({ scene, grid, theme }) {
  const tells = explanations(scene, grid);
  const controls = new Controls(scene, ["attention"]);
  const pattern = new PatternPanel(scene, theme);
  const plane = new Plane(scene, grid, theme);
  const legend = new Legend();
  const gallery = new Gallery(scene, grid, ["frozen network", "current settings", "full network"]);
  return {
    nodes: beside(
      panel("The plane", "Press play: each point is one input, and it moves as attention goes from its mean to its own pattern.", controls.root, plane.root, legend.root),
      element("div", { class: "sj-column" }, panel(`Attention from ${tells.position}`, tells.pattern, pattern.root), panel("The answers", "With attention frozen to its mean, with the current setting, and in full.", gallery.root)),
    ),
    parts: [controls, plane, legend, pattern, gallery],
  };
}

/** The space of the first three components, and planes of two of them. */
function space({ scene, grid, theme }) {
  const turned = new Space(scene, grid, theme);
  const legend = new Legend();
  const planes = [new Plane(scene, grid, theme, ["mid0", "mid1"]), new Plane(scene, grid, theme, ["mid0", "mid2"])];
  const words = `Each point is one input. Drag it, or press the arrow keys, to turn it; each component is scaled to its range.${scene.inner ? " Each plane is where a neuron of the inner network switches on." : ""}`;
  return {
    nodes: beside(panel("Three dimensions", words, turned.root, legend.root), panel("Two of them", "The same inputs along two components at a time.", element("div", { class: "sj-pair" }, ...planes.map(({ root }) => root)))),
    parts: [turned, legend, ...planes],
  };
}

/** The network inside the network, part by part. */
function inner({ scene, grid, theme }) {
  const parts = new PartsPanel(scene, grid, theme, false);
  return { nodes: [element("section", { class: "sj-panel" }, parts.root)], parts: [parts] };
}

/** The same in brief. */
function answer({ scene, grid, theme }) {
  const parts = new PartsPanel(scene, grid, theme, true);
  return { nodes: [parts.root], parts: [parts] };
}

/** The filters as boundaries that can be dragged, with their masks. */
function filters({ scene, grid, theme }) {
  const tells = explanations(scene, grid);
  const controls = new Controls(scene, ["thresholds"]);
  const plane = new Plane(scene, grid, theme, filterAxes(scene));
  const legend = new Legend();
  const gallery = new Gallery(scene, grid, ["mask", "gate", "current settings"]);
  return {
    nodes: beside(
      panel("The filters", tells.plane, plane.root, legend.root),
      element("div", { class: "sj-column" }, panel("Masks and gate", "Orange where a filter, or the gate, is on.", gallery.root), controls.root),
    ),
    parts: [controls, plane, legend, gallery],
  };
}

/** The values of the first two filters, or the one filter against the first component. */
const filterAxes = (scene) => (scene.view.filters?.names.length > 1 ? ["filter0", "filter1"] : ["filter0", "mid0"]);

function embeddings({ scene, grid }) {
  const strips = new Strips(scene, grid);
  const inspector = new Inspector(scene);
  const tells = explanations(scene, grid);
  return { nodes: beside(panel("Extended embeddings", tells.embeddings, strips.root), panel("The input", tells.input, inspector.root)), parts: [strips, inspector] };
}

/** The stream after the MLP, while the MLP is switched on. */
function mlp({ scene, grid, theme }) {
  const tells = explanations(scene, grid);
  const controls = new Controls(scene, ["mlp"]);
  const second = scene.view.post.components.length > 1 ? "post1" : "post0";
  const plane = new Plane(scene, grid, theme, ["post0", second]);
  const legend = new Legend();
  const neuron = scene.settings.neuron === null ? null : new NeuronPanel(scene, grid);
  return {
    nodes: beside(
      panel("After the MLP", "Press play: each point is one input, and it moves as the output of the MLP is added, or as neurons are added one by one.", controls.root, plane.root, legend.root),
      ...(neuron ? [panel("One neuron", tells.neuron, neuron.root)] : []),
    ),
    parts: [controls, plane, legend, neuron].filter(Boolean),
  };
}

/** Shifts of the residual stream. */
function shift({ scene, grid, theme }) {
  const controls = new Controls(scene, ["shift"]);
  const plane = new Plane(scene, grid, theme, filterAxes(scene));
  const legend = new Legend();
  const gallery = new Gallery(scene, grid, ["gate", "current settings"]);
  return {
    nodes: beside(
      panel("The filters", "Move the slider: all points move together, and their colours are what the network then answers.", plane.root, legend.root),
      element("div", { class: "sj-column" }, controls.root, panel("Prediction and answer", "What the gate predicts after the shift, and what the network answers.", gallery.root)),
    ),
    parts: [controls, plane, legend, gallery],
  };
}

/** The sentence above each panel. */
function explanations({ domain, data }, grid) {
  const { names, readAt } = domain;
  const activation = ACTIVATION_NAMES[data.config.act_fn];
  const withFilters = data.views.filter(({ filters }) => filters).length;
  const filter = withFilters === data.views.length ? "filter" : withFilters ? "filter or component" : "component";
  const tokens = (positions) =>
    `the token${positions.length > 1 ? "s" : ""} at position${positions.length > 1 ? "s" : ""} ${positions.map((at) => names[at]).join(", ")}`;
  const [blue, orange] = ["off", "on"].map((state, k) => {
    const means = [...(data.classes > 2 ? [] : [`class ${k}`]), ...(withFilters ? [state] : [])];
    return means.join(" or ");
  });
  const { rowAt, columnAt } = grid;
  const place = rowAt.length ? `its row gives ${tokens(rowAt)}, its column ${tokens(columnAt)}` : `its column gives ${tokens(columnAt)}`;
  const cell = domain.isList ? "the list of inputs fills one row after the other" : place;
  return {
    plane:
      "Each point is one input." +
      (withFilters ? " Each line is the boundary of a filter for inputs whose other components are at their mean. Drag a line to move the threshold." : ""),
    embeddings:
      `How much each token adds to the value of a ${filter} in the frozen network, minus the mean over all tokens. ` +
      "Purple lowers the value, orange raises it.",
    input: "Point at an input to see it here, or click to pin it. Every panel marks it.",
    position: readAt === names.length - 1 ? "the last position" : `position ${names[readAt]}`,
    pattern: data.recorded
      ? "The bars show the mean over all inputs."
      : "The bars show the pattern of the chosen input with the current settings, the strokes the mean over all inputs.",
    neuron:
      `Its value before the ${activation} on every input. The ${activation} ` +
      (data.config.act_fn === "relu" ? "sets negative values (purple) to zero and keeps positive ones (orange)." : "brings large negative values (purple) close to zero and keeps large positive ones (orange)."),
    domain:
      `Each cell is one input: ${cell}.` +
      (data.classes > 2 ? " Classes run from dark blue to yellow." : "") +
      (blue ? ` Blue means ${blue}; orange means ${orange}.` : "") +
      " Red marks inputs where two classes differ." +
      (withFilters ? " The values of a filter run from purple through white, which is the threshold, to orange." : ""),
  };
}
