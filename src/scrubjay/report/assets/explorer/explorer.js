// The explorer: one scene, and the stages that show it. A stage is drawn only while it is on the screen.

import { byClass, classPalette } from "./colours.js";
import { Theme } from "./elements.js";
import { agreement } from "./gallery.js";
import { Grid } from "./grid.js";
import { RecordedScene } from "./recorded.js";
import { Scene } from "./scene.js";
import { STAGES } from "./stages.js";
import { Status } from "./status.js";

/**
 * Put an explorer with all panels into an element.
 * @param {Element} root the element, whose content is replaced.
 * @param {object} data the portrait, as `portrait_json` writes it.
 * @param {(pinned: number | null) => void} told is called when the pinned input changes.
 * @returns {Explorer} has `scene`, `set(settings)`, `whenIdle()` and `stop()`.
 */
export function mount(root, data, told = () => {}) {
  const explorer = new Explorer(data, told);
  explorer.add("workbench", root);
  return explorer;
}

export class Explorer {
  /** `data` and `told` are those of `mount`. */
  constructor(data, told = () => {}) {
    this.told = told;
    this.pinned = null;
    this.stages = new Map();
    this.scene = new (data.recorded ? RecordedScene : Scene)(data, () => this.#changed());
    this.grid = new Grid(this.scene.domain);
    this.classes = classPalette(data.classes);
    this.binary = classPalette(2);
    this.watcher = new IntersectionObserver((entries) => this.#seen(entries), { rootMargin: "300px" });
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => {
      for (const { theme } of this.stages.values()) theme.forget();
      this.#changed();
    };
    this.scheme.addEventListener("change", this.redraw);
    document.addEventListener("themechange", this.redraw);
  }

  /** Put the stage of that name into an element, whose content is replaced. */
  add(name, root) {
    const { scene, grid } = this;
    root.classList.add("sj-explorer");
    const theme = new Theme(root);
    const { nodes, parts } = STAGES[name]({ scene, grid, theme, status: new Status(scene) });
    root.replaceChildren(...nodes);
    this.stages.set(root, { parts, theme, isSeen: false, isOld: true });
    this.watcher.observe(root);
    return parts;
  }

  /** Change some settings of the scene. */
  set(settings) {
    this.scene.set(settings);
  }

  /** Resolves when the Worker has answered every question. */
  whenIdle() {
    return this.scene.whenIdle();
  }

  /** Draw every stage, also those that are not on the screen. */
  drawAll() {
    for (const stage of this.stages.values()) stage.isOld = true;
    this.#draw([...this.stages.values()]);
  }

  #seen(entries) {
    for (const { target, isIntersecting } of entries) {
      const stage = this.stages.get(target);
      if (stage) stage.isSeen = isIntersecting;
    }
    if ([...this.stages.values()].some(({ isSeen, isOld }) => isSeen && isOld)) this.#later();
  }

  #changed() {
    for (const stage of this.stages.values()) stage.isOld = true;
    this.#later();
  }

  #later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.#draw([...this.stages.values()].filter(({ isSeen, isOld }) => isSeen && isOld));
    });
  }

  #draw(stages) {
    const { scene } = this;
    for (const stage of stages) {
      stage.isOld = false;
      for (const part of stage.parts) part.draw(this.#derived());
    }
    if (this.pinned === scene.settings.pinned) return;
    this.pinned = scene.settings.pinned;
    this.told(this.pinned);
  }

  /** What several panels show. It is kept until something other than the chosen input changes. */
  #derived() {
    const { scene } = this;
    const key = JSON.stringify({ ...scene.settings, hovered: null, pinned: null });
    if (this.kept?.key === key && this.kept.answer === scene.answer) return this.kept;
    const values = scene.filterValues();
    const gated = values.length ? scene.gate(values) : null;
    const agree = gated && agreement(gated, scene.classes());
    this.kept = { key, answer: scene.answer, values, gated, agree, mlpPre: scene.mlpPre(), ...this.#pointColours() };
    return this.kept;
  }

  /** The colour of each point, the meaning of each colour as [name, colour], and the colour that nothing may cover. */
  #pointColours() {
    const { scene, classes, binary } = this;
    const now = scene.classes();
    const either = (names, test, last = null) => ({
      named: names.map((name, k) => [name, binary[k]]),
      colours: Uint32Array.from(now, (_, i) => binary[Number(test(i))]),
      last,
    });
    if (scene.settings.colour === "error") return either(["correct", "wrong"], (i) => now[i] !== scene.truth[i], binary[1]);
    if (scene.settings.colour === "split") return either(["training set", "test set"], (i) => !scene.train[i]);
    const shown = scene.settings.colour === "truth" ? scene.truth : now;
    const count = classes.length - 1;
    const named = Array.from({ length: count }, (_, k) => [`class ${k}`, classes[k]]).filter((_, k) => count < 9 || k % Math.ceil(count / 6) === 0);
    if (shown.includes(-1)) named.push(["in no class", classes[count]]);
    return { named, colours: byClass(shown, classes), last: null };
  }

  stop() {
    this.scheme.removeEventListener("change", this.redraw);
    document.removeEventListener("themechange", this.redraw);
    this.watcher.disconnect();
    if (this.frame) cancelAnimationFrame(this.frame);
    for (const { parts } of this.stages.values()) for (const part of parts) part.stop();
    this.scene.stop();
  }
}
