// What the views of all inputs as points share: the points themselves, the ring around the chosen one, and names.

/** Squares of a few pixels in an image that is drawn at once, which is far faster than a canvas's own shapes. */
export class Points {
  constructor(board) {
    this.board = board;
  }

  /** Begin an empty image of the canvas's size. */
  clear() {
    const { canvas, context, scale } = this.board;
    const { width, height } = canvas;
    if (this.image?.width !== width || this.image?.height !== height) {
      this.image = context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(0);
    this.side = Math.max(2, Math.round(1.6 * scale));
  }

  /** Add a point with its middle at a place in CSS pixels, unless it would stick out of the image. */
  add(x, y, colour) {
    const { pixels, side, image, board } = this;
    const px = Math.round(x * board.scale - side / 2);
    const py = Math.round(y * board.scale - side / 2);
    if (px < 0 || py < 0 || px + side > image.width || py + side > image.height) return;
    for (let row = py; row < py + side; row++)
      for (let column = px; column < px + side; column++) pixels[row * image.width + column] = colour;
  }

  /** Show the image, and return the context, in which one unit is one CSS pixel. */
  show() {
    const { context, scale } = this.board;
    context.putImageData(this.image, 0, 0);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    return context;
  }
}

/** A ring around a place. */
export function ring(context, theme, x, y) {
  for (const [width, colour] of [
    [5, theme.halo],
    [2, theme.mark],
  ]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.arc(x, y, 7, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** Words that can be read on any ground. */
export function outlined(context, theme, words, x, y) {
  context.textAlign = "center";
  context.lineWidth = 4;
  context.strokeStyle = theme.halo;
  context.strokeText(words, x, y);
  context.fillStyle = theme.text;
  context.fillText(words, x, y);
}
