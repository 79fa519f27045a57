// The search of a page that was opened from a disk: browsers refuse workers there, and the script of
// this one runs in a hidden frame instead.

if (location.protocol === "file:") {
  window.Worker = class {
    constructor(address) {
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc = "<!doctype html><title>worker</title>";
      this.ready = new Promise((resolve) => {
        this.frame.addEventListener("load", () => {
          const inside = this.frame.contentWindow;
          inside.postMessage = (data) => this.onmessage?.({ data: structuredClone(data) });
          const script = inside.document.createElement("script");
          script.src = new URL(address, location);
          script.addEventListener("load", () => resolve(inside));
          script.addEventListener("error", (event) => this.onerror?.(event));
          inside.document.head.append(script);
        }, { once: true });
      });
      document.documentElement.append(this.frame);
    }

    postMessage(data) {
      const message = new MessageEvent("message", { data: structuredClone(data) });
      this.ready.then((inside) => inside.dispatchEvent(message));
    }

    terminate() {
      this.frame.remove();
    }
  };
}
