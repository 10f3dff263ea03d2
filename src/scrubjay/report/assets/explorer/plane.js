// Every input as a point in the plane of two axes, with the boundaries of the filters, which can be dragged.

import { Board, shuffled, ticks } from "./elements.js";
import { choosing } from "./grid.js";
import { dot } from "./network.js";
import { Points, outlined, ring } from "./points.js";

const MARGIN = { left: 46, right: 10, top: 10, bottom: 40 };
const GRAB = 6; // distance in pixels within which a pointer takes hold of a boundary
const REACH = 20; // distance in pixels within which a pointer chooses a point

export class Plane {
  /** `fixed` holds the keys of the two axes; without it, the reader chooses them. */
  constructor(scene, grid, theme, fixed = null) {
    this.scene = scene;
    this.theme = theme;
    this.fixed = fixed;
    this.board = new Board(
      {
        tabindex: 0,
        role: "application",
        class: "sj-plane",
        "aria-label": "all inputs as points in the plane of the two chosen axes. Arrow keys move the pinned input.",
      },
      () => this.colours && this.draw(this),
    );
    this.dots = new Points(this.board);
    this.shuffled = shuffled(scene.size);
    this.root = this.board.canvas;
    this.extents = new Map();
    this.#dragging();
    choosing(this.board, scene, grid, (x, y) => this.#nearest(x, y));
  }

  /** Draw each input in its colour. Points of the colour `last` are drawn last, so that nothing covers them. */
  draw({ colours, last }) {
    const { scene, board } = this;
    [this.colours, this.last] = [colours, last];
    this.points = this.axes.map((key) => scene.coordinates(key));
    this.range = this.axes.map((key, k) => this.#extent(key, this.points[k]));
    if (!board.width || !board.height) return;
    const theme = this.theme.ink;
    const context = this.#scatter(colours);
    this.#frame(context, theme);
    this.#boundaries(context, theme);
    this.#mark(context, theme);
  }

  /** The keys of the two axes. */
  get axes() {
    const { scene, fixed } = this;
    if (!fixed) return [scene.settings.x, scene.settings.y];
    const keys = scene.axes().map(({ key }) => key); // the other network may have fewer filters
    return fixed.map((key) => (keys.includes(key) ? key : "mid0"));
  }

  /**
   * The range of an axis. It holds the values with the mean pattern and with each input's own, and all values since
   * then, so that the axis stays in place while the reader moves a slider.
   */
  #extent(key, values) {
    const { settings } = this.scene;
    const name = `${settings.view}/${key}`;
    let [low, high] = this.extents.get(name) ?? this.scene.extent(key);
    const still = settings.length === 0;
    for (let i = 0; i < values.length; i++) {
      if (values[i] < low) low = values[i];
      if (values[i] > high) high = values[i];
    }
    if (still) this.extents.set(name, [low, high]);
    const room = 0.03 * (high - low) || 1;
    return [low - room, high + room];
  }

  #inner() {
    const { width, height } = this.board;
    return { x0: MARGIN.left, x1: width - MARGIN.right, y0: height - MARGIN.bottom, y1: MARGIN.top };
  }

  #toPixel(k, value) {
    const { x0, x1, y0, y1 } = this.#inner();
    const [low, high] = this.range[k];
    const share = (value - low) / (high - low);
    return k === 0 ? x0 + share * (x1 - x0) : y0 + share * (y1 - y0);
  }

  #toValue(k, pixel) {
    const { x0, x1, y0, y1 } = this.#inner();
    const [low, high] = this.range[k];
    return low + (high - low) * (k === 0 ? (pixel - x0) / (x1 - x0) : (pixel - y0) / (y1 - y0));
  }

  #scatter(colours) {
    this.dots.clear();
    const [xs, ys] = this.points;
    const [a, b] = [this.#toPixel(0, 0), this.#toPixel(1, 0)];
    const [ax, bx] = [this.#toPixel(0, 1) - a, this.#toPixel(1, 1) - b];
    const order = this.last === null ? this.shuffled : this.shuffled.toSorted((i, j) => (colours[i] === this.last) - (colours[j] === this.last));
    for (const i of order) this.dots.add(a + ax * xs[i], b + bx * ys[i], colours[i]);
    return this.dots.show();
  }

  #frame(context, theme) {
    const { x0, x1, y0, y1 } = this.#inner();
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.strokeRect(x0, y1, x1 - x0, y0 - y1);
    context.fillStyle = theme.text;
    context.font = "12px system-ui, sans-serif";
    context.textAlign = "center";
    const labels = Object.fromEntries(this.scene.axes().map(({ key, label }) => [key, label]));
    for (const [value, name] of ticks(...this.range[0])) context.fillText(name, this.#toPixel(0, value), y0 + 15);
    context.fillText(labels[this.axes[0]], (x0 + x1) / 2, y0 + 33, x1 - x0);
    context.textAlign = "right";
    for (const [value, name] of ticks(...this.range[1])) context.fillText(name, x0 - 5, this.#toPixel(1, value) + 4);
    context.save();
    context.translate(12, (y0 + y1) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(labels[this.axes[1]], 0, 0, y0 - y1);
    context.restore();
  }

  /** The boundaries of the filters in this plane, nx x + ny y = c, for inputs whose other components are at their mean. */
  lines() {
    const { scene } = this;
    const { settings, view } = scene;
    if (!view.filters) return [];
    const axes = this.axes.map((key) => view.axis(key));
    if (axes.some(({ site }) => site !== "mid") || this.axes[0] === this.axes[1]) return [];
    const areFilters = this.axes.map((key) => key.startsWith("filter"));
    return view.filters.directions.flatMap((direction, k) => {
      const moved = settings.moved[settings.view][k];
      if (areFilters[0] || areFilters[1]) {
        const own = this.axes.indexOf(`filter${k}`);
        return own < 0 ? [] : [{ k, nx: own === 0 ? 1 : 0, ny: own === 1 ? 1 : 0, c: moved, offset: 0 }];
      }
      const offset = view.filters.thresholds[k] - dot(direction, view.mid.mean);
      const [nx, ny] = axes.map(({ vector }) => dot(direction, vector));
      return Math.hypot(nx, ny) < 1e-6 ? [] : [{ k, nx, ny, c: offset + moved, offset }];
    });
  }

  #boundaries(context, theme) {
    const { x0, x1, y0, y1 } = this.#inner();
    context.save();
    context.beginPath();
    context.rect(x0, y1, x1 - x0, y0 - y1);
    context.clip();
    const names = this.scene.view.filters?.names;
    for (const { k, nx, ny, c } of this.lines()) {
      const steep = Math.abs(ny) < 1e-9;
      const ends = steep
        ? [y0, y1].map((pixel) => [this.#toPixel(0, c / nx), pixel])
        : [x0, x1].map((pixel) => [pixel, this.#toPixel(1, (c - nx * this.#toValue(0, pixel)) / ny)]);
      for (const [width, colour] of [
        [4, theme.halo],
        [2, theme.text],
      ]) {
        context.setLineDash(k % 2 ? [7, 5] : []);
        context.lineWidth = width;
        context.strokeStyle = colour;
        context.beginPath();
        context.moveTo(...ends[0]);
        context.lineTo(...ends[1]);
        context.stroke();
      }
      context.setLineDash([]);
      this.#name(context, theme, names[k], ends);
    }
    context.restore();
  }

  #name(context, theme, name, [from, to]) {
    const { x0, x1, y0, y1 } = this.#inner();
    for (let share = 0.06; share < 1; share += 0.04) {
      const [x, y] = from.map((value, k) => value + share * (to[k] - value));
      if (x < x0 + 14 || x > x1 - 14 || y < y1 + 14 || y > y0 - 14) continue;
      context.font = "bold 14px system-ui, sans-serif";
      outlined(context, theme, name, x + 9, y - 7);
      return;
    }
  }

  #mark(context, theme) {
    const input = this.scene.shown;
    if (input === null) return;
    ring(context, theme, ...[0, 1].map((k) => this.#toPixel(k, this.points[k][input])));
  }

  #nearest(x, y) {
    if (this.dragged) return this.scene.settings.hovered;
    let best = REACH ** 2;
    let found = null;
    const [xs, ys] = this.points;
    const [a, b] = [this.#toPixel(0, 0), this.#toPixel(1, 0)];
    const [ax, by] = [this.#toPixel(0, 1) - a, this.#toPixel(1, 1) - b];
    for (let i = 0; i < xs.length; i++) {
      const distance = (a + ax * xs[i] - x) ** 2 + (b + by * ys[i] - y) ** 2;
      if (distance < best) [best, found] = [distance, i];
    }
    return found;
  }

  #grabbed(x, y) {
    const [ux, uy] = [0, 1].map((k) => Math.abs(this.#toPixel(k, 1) - this.#toPixel(k, 0)));
    return this.lines().find(({ nx, ny, c }) => {
      const off = nx * this.#toValue(0, x) + ny * this.#toValue(1, y) - c;
      return Math.abs(off) / Math.hypot(nx / ux, ny / uy) < GRAB;
    });
  }

  #dragging() {
    const { canvas } = this.board;
    const hold = (event) => this.#grabbed(...this.board.at(event.touches[0])) && event.preventDefault();
    canvas.addEventListener("touchstart", hold, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      this.dragged = this.#grabbed(...this.board.at(event));
      if (!this.dragged) return;
      canvas.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    canvas.addEventListener("pointermove", (event) => {
      const at = this.board.at(event);
      canvas.style.cursor = this.dragged || this.#grabbed(...at) ? "move" : "crosshair";
      if (!this.dragged) return;
      const { k, nx, ny, offset } = this.dragged;
      const c = nx * this.#toValue(0, at[0]) + ny * this.#toValue(1, at[1]);
      this.wasDragged = true;
      this.scene.set(this.scene.withThreshold(k, c - offset));
    });
    canvas.addEventListener("pointerup", () => (this.dragged = null));
    canvas.addEventListener("pointercancel", () => (this.dragged = null));
    canvas.addEventListener(
      "click",
      (event) => {
        if (this.wasDragged) event.stopImmediatePropagation();
        this.wasDragged = false;
      },
      true,
    );
  }

  stop() {
    this.board.stop();
  }
}
