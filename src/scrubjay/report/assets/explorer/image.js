// One image of the domain with a cell for each input, in which the chosen input is marked.

import { Board, element, setText } from "./elements.js";
import { choosing } from "./grid.js";

export class DomainImage {
  /** `name` is shown above the image; `describe` tells readers who cannot see it what it shows. */
  constructor(scene, grid, name, describe) {
    this.scene = scene;
    this.grid = grid;
    this.caption = element("span", { class: "sj-image-name" }, name);
    this.note = element("span", { class: "sj-image-note" });
    this.board = new Board(
      { tabindex: 0, role: "application", "aria-label": `${name}: ${describe}. Arrow keys move the pinned input.` },
      () => {
        this.marked = undefined;
        this.draw(this.colours);
      },
    );
    this.board.canvas.style.aspectRatio = `${grid.columns} / ${grid.rows}`;
    const [down, across] = [grid.rowAt, grid.columnAt].map((positions) => {
      const names = positions.map((at) => scene.domain.names[at]);
      return names.length > 3 ? `${names[0]} … ${names.at(-1)}` : names.join(", ");
    });
    this.root = element(
      "figure",
      { class: "sj-image" },
      element("figcaption", {}, this.caption, this.note),
      element("span", { class: "sj-side-name", "aria-hidden": "true" }, down && `${down} ↓`),
      this.board.canvas,
      element("span", { class: "sj-foot-name", "aria-hidden": "true" }, across && `${across} →`),
    );
    this.cells = document.createElement("canvas");
    [this.cells.width, this.cells.height] = [grid.columns, grid.rows];
    choosing(this.board, scene, grid, (x, y) => grid.input(x / this.board.width, y / this.board.height));
  }

  /** Paint each input in its colour. */
  draw(colours, note = this.note.textContent) {
    if (!colours) return;
    const { grid, board } = this;
    const input = this.scene.shown;
    setText(this.note, note);
    if (colours === this.colours && input === this.marked) return;
    this.marked = input;
    if (colours !== this.colours) {
      this.colours = colours;
      const cells = new Uint32Array(grid.columns * grid.rows); // those behind the last input of a list stay empty
      cells.set(colours);
      const pixels = new ImageData(new Uint8ClampedArray(cells.buffer), grid.columns, grid.rows);
      this.cells.getContext("2d").putImageData(pixels, 0, 0);
    }
    const context = board.cleared();
    context.imageSmoothingEnabled = false;
    context.drawImage(this.cells, 0, 0, board.width, board.height);
    if (input === null) return;
    const x = (((input % grid.columns) + 0.5) / grid.columns) * board.width;
    const y = ((Math.floor(input / grid.columns) + 0.5) / grid.rows) * board.height;
    for (const [width, colour] of [
      [3.5, "#fff"],
      [1.5, "#000"],
    ]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.strokeRect(x - 4, y - 4, 8, 8);
    }
  }

  stop() {
    this.board.stop();
  }
}
