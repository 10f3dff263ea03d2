// Curves over the tokens of a position, a dot for each token.

import { Board, ticks } from "./elements.js";

const MARGIN = { left: 40, right: 8, top: 18, bottom: 30 };
const DOT = 2; // the side of a dot in pixels
/** Colours for lines, none of which is that of a class, with their names. */
export const LINES = ["#009e73", "#cc79a7", "#56b4e9", "#d55e00"];
export const LINE_NAMES = ["green", "pink", "light blue", "red"];

export class Curves {
  /**
   * @param {string} label tells readers who cannot see the curves what they show.
   * @param {{values: Float64Array, colour: string | null}[]} lines each curve; a colour of null is that of the text.
   * @param {string[]} axes the names of the two axes.
   * @param {() => number | null} marked gives the place of the chosen token on the horizontal axis.
   */
  constructor(label, lines, axes, theme, marked) {
    Object.assign(this, { lines, axes, theme, marked });
    this.board = new Board({ class: "sj-curves", role: "img", "aria-label": label }, () => {
      this.drawn = null;
      this.draw();
    });
    this.root = this.board.canvas;
  }

  draw() {
    const { board, lines } = this;
    const theme = this.theme.ink;
    const at = this.marked();
    const key = [at, board.width, board.height, theme.text].join();
    if (key === this.drawn || !board.width) return;
    this.drawn = key;
    const all = lines.flatMap(({ values }) => [...values]);
    let [low, high] = [Math.min(...all), Math.max(...all)];
    if (low === high) [low, high] = [low - 1, high + 1];
    const [x0, x1, y0, y1] = [MARGIN.left, board.width - MARGIN.right, board.height - MARGIN.bottom, MARGIN.top];
    const last = lines[0].values.length - 1;
    const x = (token) => x0 + (token / Math.max(1, last)) * (x1 - x0);
    const y = (value) => y0 - ((value - low) / (high - low)) * (y0 - y1);
    const context = board.cleared();
    context.font = "12px system-ui, sans-serif";
    context.strokeStyle = theme.line;
    context.strokeRect(x0, y1, x1 - x0, y0 - y1);
    context.fillStyle = theme.text;
    context.textAlign = "right";
    for (const [value, name] of ticks(low, high, 3)) context.fillText(name, x0 - 4, y(value) + 4);
    context.textAlign = "center";
    for (const token of [0, last]) context.fillText(String(token), Math.min(Math.max(x(token), x0 + 4), x1 - 8), y0 + 13);
    context.fillText(this.axes[0], (x0 + x1) / 2, y0 + 26, x1 - x0);
    context.textAlign = "left";
    context.fillText(this.axes[1], x0, y1 - 6, x1 - x0);
    if (low < 0 && high > 0) line(context, theme.line, 1, [[x0, y(0)], [x1, y(0)]]);
    for (const { values, colour } of lines) {
      context.fillStyle = colour ?? theme.text;
      values.forEach((value, token) => context.fillRect(x(token) - DOT / 2, y(value) - DOT / 2, DOT, DOT));
    }
    if (at !== null) line(context, theme.mark, 1.5, [[x(at), y0], [x(at), y1]]);
  }

  stop() {
    this.board.stop();
  }
}

function line(context, colour, width, points) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  points.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}
