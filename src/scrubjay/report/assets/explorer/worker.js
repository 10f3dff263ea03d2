// The Worker's side: it receives the network once, and then answers one question after another.

import { Network } from "./network.js";
import { Readout } from "./readout.js";

let readout = null;

self.onmessage = ({ data }) => {
  if (data.network) {
    readout = new Readout(new Network(data.network), data.reading);
    return;
  }
  const began = performance.now();
  const answer = readout.answer(data.asked);
  self.postMessage({ ...answer, ms: performance.now() - began });
};
