/** As much of a browser's FileReader as the SDKs use. */
export class FileReader extends EventTarget {
  result: ArrayBuffer | string | null = null;
  onload: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;

  readAsArrayBuffer(file: Blob): void {
    this.#finish(file.arrayBuffer());
  }

  readAsText(file: Blob): void {
    this.#finish(file.text());
  }

  #finish(read: Promise<ArrayBuffer | string>): void {
    const tell = (name: 'load' | 'error') => {
      // As a listener, so that the event has its target.
      this.addEventListener(name, (event) => this[`on${name}`]?.(event), { once: true });
      this.dispatchEvent(new Event(name));
      this.dispatchEvent(new Event('loadend'));
    };
    read.then(
      (result) => {
        this.result = result;
        tell('load');
      },
      () => tell('error'),
    );
  }
}
