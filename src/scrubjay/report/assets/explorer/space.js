// Every input as a point in the space of the first three components of resid_mid, which turns by drag and by keyboard.
// The planes are where the neurons of the inner network switch on.

import { LINES } from "./curves.js";
import { Board, element, shuffled } from "./elements.js";
import { Points, outlined, ring } from "./points.js";

const AXES = ["mid0", "mid1", "mid2"];
const TURN = 0.12; // radians that an arrow key turns
const PIXEL = 0.008; // radians for each pixel that the pointer is dragged
const SPEED = 0.0005; // radians for each millisecond of a slow turn
const REACH = 14; // distance in pixels within which a pointer chooses a point

export class Space {
  constructor(scene, grid, theme) {
    Object.assign(this, { scene, theme });
    [this.yaw, this.pitch] = [0.7, 0.45];
    this.board = new Board(
      {
        tabindex: 0,
        role: "application",
        class: "sj-space",
        "aria-label": "all inputs as points in the space of the first three components of resid_mid. Drag it or press the arrow keys to turn it.",
      },
      () => this.colours && this.draw(this),
    );
    this.dots = new Points(this.board);
    this.order = shuffled(scene.size);
    this.isWithPlanes = true;
    this.turning = element("button", { type: "button", "aria-pressed": "false", onclick: () => this.#spin() }, "↻ Turn");
    const planes = element("input", { type: "checkbox", checked: true, onchange: () => this.#set({ isWithPlanes: planes.checked }) });
    const line = element("p", { class: "sj-parts-line" }, this.turning, ...(scene.inner ? [element("label", {}, planes, " planes of the inner neurons")] : []));
    this.root = element("div", {}, line, this.board.canvas);
    this.#listen();
  }

  #set(change) {
    Object.assign(this, change);
    if (this.colours) this.draw(this);
  }

  /** Turn slowly until the reader stops it. */
  #spin() {
    const isOn = this.frame === undefined || this.frame === null;
    this.turning.setAttribute("aria-pressed", String(isOn));
    this.turning.textContent = isOn ? "❚❚ Stop" : "↻ Turn";
    if (!isOn) {
      cancelAnimationFrame(this.frame);
      this.frame = null;
      return;
    }
    let last = performance.now();
    const step = (time) => {
      this.#set({ yaw: this.yaw + SPEED * Math.max(0, time - last) });
      last = time;
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  #listen() {
    const { canvas } = this.board;
    let from = null;
    let moved = 0;
    canvas.addEventListener("pointerdown", (event) => {
      from = [event.clientX, event.clientY];
      moved = 0;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!from) {
        this.scene.set({ hovered: this.#nearest(...this.board.at(event)) });
        return;
      }
      const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
      from = [event.clientX, event.clientY];
      moved += Math.abs(dx) + Math.abs(dy);
      this.#set({ yaw: this.yaw + PIXEL * dx, pitch: clamp(this.pitch + PIXEL * dy) });
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (from = null));
    canvas.addEventListener("pointerleave", () => this.scene.set({ hovered: null }));
    canvas.addEventListener("click", (event) => {
      if (moved > 4) return;
      const input = this.#nearest(...this.board.at(event));
      this.scene.set({ pinned: input === this.scene.settings.pinned ? null : input });
    });
    canvas.addEventListener("keydown", (event) => {
      const turn = { ArrowLeft: [-TURN, 0], ArrowRight: [TURN, 0], ArrowUp: [0, -TURN], ArrowDown: [0, TURN] }[event.key];
      if (!turn) return;
      event.preventDefault();
      this.#set({ yaw: this.yaw + turn[0], pitch: clamp(this.pitch + turn[1]) });
    });
  }

  /** The matrix from the three components, centred, each in units of its range, to pixels right and up. */
  #view() {
    const { width, height } = this.board;
    const [a, b] = [Math.cos(this.yaw), Math.sin(this.yaw)];
    const [c, d] = [Math.cos(this.pitch), Math.sin(this.pitch)];
    const scale = 0.33 * Math.min(width, height);
    const rows = [[a, b, 0], [-d * b, d * a, c]];
    return { rows: rows.map((row) => row.map((value, k) => (scale * value) / this.half[k])), x: width / 2, y: height / 2 };
  }

  #place([x, y, z]) {
    const { rows, x: x0, y: y0 } = this.seen;
    const along = ([a, b, c]) => a * x + b * y + c * z;
    return [x0 + along(rows[0]), y0 - along(rows[1])];
  }

  draw({ colours }) {
    this.colours = colours;
    const { scene, board } = this;
    if (!board.width || !board.height) return;
    this.points = AXES.map((key) => scene.coordinates(key));
    this.#measure();
    this.seen = this.#view();
    const context = this.#scatter(colours);
    context.font = "12px system-ui, sans-serif";
    const theme = this.theme.ink;
    this.#axes(context, theme);
    if (scene.inner && this.isWithPlanes) this.#planes(context, theme);
    const input = scene.shown;
    if (input !== null) ring(context, theme, ...this.#place(this.points.map((values, k) => values[input] - this.middle[k])));
  }

  /** The box that holds all points, which stays in place while the reader moves a slider. */
  #measure() {
    const { view } = this.scene.settings;
    if (this.measured === view) return;
    this.measured = view;
    const ends = AXES.map((key) => this.scene.extent(key));
    this.middle = ends.map(([low, high]) => (low + high) / 2);
    this.half = ends.map(([low, high]) => (high - low) / 2 || 1);
  }

  #scatter(colours) {
    this.dots.clear();
    const { points, middle, seen } = this;
    const [[a, b, c], [d, e, f]] = seen.rows;
    const [x0, y0] = [seen.x - a * middle[0] - b * middle[1] - c * middle[2], seen.y + d * middle[0] + e * middle[1] + f * middle[2]];
    const [xs, ys, zs] = points;
    for (const i of this.order) this.dots.add(x0 + a * xs[i] + b * ys[i] + c * zs[i], y0 - d * xs[i] - e * ys[i] - f * zs[i], colours[i]);
    return this.dots.show();
  }

  /** Three edges of the box, each with the name of its component. */
  #axes(context, theme) {
    const corner = this.half.map((half) => -half);
    for (let k = 0; k < 3; k++) {
      const end = corner.with(k, this.half[k]);
      stroke(context, theme.line, 1.5, [this.#place(corner), this.#place(end)]);
      const [x, y] = this.#place(corner.with(k, 1.12 * this.half[k]));
      outlined(context, theme, `component ${k + 1}`, Math.min(Math.max(x, 40), this.board.width - 44), Math.min(Math.max(y, 12), this.board.height - 6));
    }
  }

  #planes(context, theme) {
    const { scene } = this;
    const axes = AXES.map((key) => scene.view.axis(key));
    scene.inner.hinges.forEach((_, k) => {
      const { normal, offset } = scene.inner.planeIn(k, axes.map(({ vector }) => vector), scene.view.mid.mean);
      const corners = cut(normal, offset + normal.reduce((sum, value, j) => sum + value * this.middle[j], 0), this.half);
      if (corners.length < 3) return;
      const places = corners.map((corner) => this.#place(corner));
      const colour = LINES[k % LINES.length];
      context.beginPath();
      places.forEach(([x, y], j) => (j ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
      context.globalAlpha = 0.13;
      context.fillStyle = colour;
      context.fill();
      context.globalAlpha = 1;
      stroke(context, colour, 2, [...places, places[0]]);
      const highest = places.reduce((best, place) => (place[1] < best[1] ? place : best));
      outlined(context, theme, `neuron ${k}`, highest[0], Math.max(12, highest[1] - 5));
    });
  }

  #nearest(x, y) {
    let best = REACH ** 2;
    let found = null;
    const { points, middle, seen } = this;
    const [[a, b, c], [d, e, f]] = seen.rows;
    for (let i = 0; i < points[0].length; i++) {
      const [u, v, w] = [points[0][i] - middle[0], points[1][i] - middle[1], points[2][i] - middle[2]];
      const distance = (seen.x + a * u + b * v + c * w - x) ** 2 + (seen.y - d * u - e * v - f * w - y) ** 2;
      if (distance < best) [best, found] = [distance, i];
    }
    return found;
  }

  stop() {
    if (this.frame) cancelAnimationFrame(this.frame);
    this.board.stop();
  }
}

const clamp = (pitch) => Math.min(Math.PI / 2, Math.max(-Math.PI / 2, pitch));

function stroke(context, colour, width, places) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  places.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

/** The corners, in order, of the part of the plane `normal` · y + offset = 0 within the box from -half to half. */
export function cut(normal, offset, half) {
  const corners = [];
  for (let k = 0; k < 3; k++) {
    const [i, j] = [(k + 1) % 3, (k + 2) % 3];
    for (const signI of [-1, 1])
      for (const signJ of [-1, 1]) {
        const corner = [0, 0, 0];
        [corner[i], corner[j]] = [signI * half[i], signJ * half[j]];
        corner[k] = -(offset + normal[i] * corner[i] + normal[j] * corner[j]) / normal[k];
        if (Math.abs(corner[k]) <= half[k]) corners.push(corner);
      }
  }
  if (corners.length < 3) return [];
  const middle = [0, 1, 2].map((k) => corners.reduce((sum, corner) => sum + corner[k], 0) / corners.length);
  const size = Math.hypot(...normal);
  const up = normal.map((value) => value / size);
  const first = corners[0].map((value, k) => value - middle[k]);
  const second = [0, 1, 2].map((k) => up[(k + 1) % 3] * first[(k + 2) % 3] - up[(k + 2) % 3] * first[(k + 1) % 3]);
  const along = (corner, axis) => corner.reduce((sum, value, k) => sum + (value - middle[k]) * axis[k], 0);
  const angle = (corner) => Math.atan2(along(corner, second), along(corner, first));
  return corners.sort((a, b) => angle(a) - angle(b));
}
