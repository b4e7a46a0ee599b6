type Handler = ((event: Event) => void) | null;

/** Told at each step of an upload; `fetch` tells of none but the last. */
class Upload extends EventTarget {}

/** As much of a browser's XMLHttpRequest as the SDKs use, over `fetch`. It asks no leave across origins. */
export class XmlHttpRequest extends EventTarget {
  readyState = 0;
  status = 0;
  response: string | Blob | ArrayBuffer = '';
  responseText = '';
  responseType: '' | 'text' | 'blob' | 'arraybuffer' = '';
  /** ms; 0: none. */
  timeout = 0;
  readonly upload = new Upload();
  onreadystatechange: Handler = null;
  onload: Handler = null;
  onerror: Handler = null;
  onabort: Handler = null;
  ontimeout: Handler = null;
  readonly #headers = new Headers();
  readonly #leaving = new AbortController();
  #method = 'GET';
  #url = '';
  #answerHeaders = new Headers();

  open(method: string, url: string): void {
    this.#method = method;
    this.#url = url;
    this.#change(1);
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.append(name, value);
  }

  getResponseHeader(name: string): string | null {
    return this.#answerHeaders.get(name);
  }

  getAllResponseHeaders(): string {
    return [...this.#answerHeaders].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  abort(): void {
    this.#leaving.abort();
  }

  send(body: FormData | Blob | string | null = null): void {
    void this.#ask(body);
  }

  async #ask(body: FormData | Blob | string | null): Promise<void> {
    const late = this.timeout > 0 ? [AbortSignal.timeout(this.timeout)] : [];
    const signal = AbortSignal.any([this.#leaving.signal, ...late]);
    try {
      const answer = await fetch(this.#url, { method: this.#method, headers: this.#headers, body, signal });
      this.#answerHeaders = answer.headers;
      this.status = answer.status;
      await this.#read(answer);
    } catch (fault) {
      this.#change(4);
      return this.#tell(
        nameOf(
          fault,
          late.some(({ aborted }) => aborted),
        ),
      );
    }
    this.upload.dispatchEvent(new Event('progress'));
    this.#change(4);
    this.#tell('load');
  }

  async #read(answer: Response): Promise<void> {
    switch (this.responseType) {
      case 'blob':
        this.response = await answer.blob();
        return;
      case 'arraybuffer':
        this.response = await answer.arrayBuffer();
        return;
      default:
        this.responseText = await answer.text();
        this.response = this.responseText;
    }
  }

  #change(readyState: number): void {
    this.readyState = readyState;
    this.onreadystatechange?.(new Event('readystatechange'));
  }

  #tell(name: 'load' | 'error' | 'abort' | 'timeout'): void {
    const event = new Event(name);
    this[`on${name}`]?.(event);
    this.dispatchEvent(event);
  }
}

function nameOf(fault: unknown, isLate: boolean): 'error' | 'abort' | 'timeout' {
  if (isLate) return 'timeout';
  return fault instanceof Error && fault.name === 'AbortError' ? 'abort' : 'error';
}
