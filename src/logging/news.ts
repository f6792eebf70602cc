/** What has been said already, by whom it is about: it is said again only when it changes. */

/** More than anybody has hosts; beyond it things are said twice, and memory stays what it is. */
const mostRemembered = 100_000;

export class News {
  readonly #said = new Map<string, string>();

  /** Whether it is worth saying now. Nothing (an empty text) never is, and makes all new again. */
  isNew(about: string, text: string): boolean {
    if (this.#said.get(about) === text) return false;
    this.#said.delete(about);
    if (text === '') return false;
    if (this.#said.size === mostRemembered) this.#said.clear();
    this.#said.set(about, text);
    return true;
  }
}
