// The explorer as a notebook widget (anywidget). The page and Python share the pinned input: either may set it.

import { mount } from "./explorer.js";

export default {
  render({ model, el }) {
    const explorer = mount(el, JSON.parse(model.get("portrait")), (pinned) => {
      if (model.get("pinned") === pinned) return;
      model.set("pinned", pinned);
      model.save_changes();
    });
    const follow = () => explorer.set({ pinned: model.get("pinned") });
    model.on("change:pinned", follow);
    if (model.get("pinned") !== null) follow();
    return () => {
      model.off("change:pinned", follow);
      explorer.stop();
    };
  },
};
