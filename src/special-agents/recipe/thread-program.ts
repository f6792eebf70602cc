/** Where the thread's program is. In the bundle its text stands here (.tools/bundle.ts). */

interface ThreadProgram {
  /** A file, or the program itself. */
  readonly program: URL | string;
  readonly isText: boolean;
}

export const threadProgram: ThreadProgram = {
  program: new URL('./thread/thread.ts', import.meta.url),
  isText: false,
};
