/** What became of an action: a word for the URL, and a sentence for people. */

const notices = {
  'fetch-asked': 'The host is being asked now.',
  'doctor-asked': 'The doctor is looking; its report will be here in a moment.',
} as const;

export type Notice = keyof typeof notices;

function isNotice(word: string): word is Notice {
  return Object.hasOwn(notices, word);
}

/** Undefined for anything else that a URL may hold. */
export function describeNotice(word: string): string | undefined {
  return isNotice(word) ? notices[word] : undefined;
}
