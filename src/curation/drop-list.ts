/**
 * A user's list of words and hosts that must not occur. One item a line; `#` starts a comment line.
 *
 *   example.com          a host (a dot, no space): image urls on it or on any of its subdomains
 *   host:localhost       a host without a dot
 *   some words           a word or phrase, in the text or in the image url
 *   word:v1.0            a phrase that would be taken for a host
 *
 * Words are compared without case, as runs of letters and digits: "Foo" is found in "foo-bar.jpg" and "FOO, bar" but not
 * in "food".
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../common/errors.ts';

/** The parsed form; plain data, so that it can be sent to worker threads. */
export interface DropList {
  readonly hosts: readonly string[];
  /** Phrases as word sequences joined by one space. */
  readonly phrases: readonly string[];
  /** sha256 of hosts and phrases; recorded in the run. */
  readonly fingerprint: string;
}

/**
 * @param path - UTF-8 text file
 * @returns the parsed list
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_USAGE` for a line without a letter or digit
 */
export async function loadDropList(path: string): Promise<DropList> {
  let content: string;
  try {
    content = await readFile(path, 'utf8');
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  return parseDropList(content, path);
}

/**
 * @param content - lines as described in the head of this file
 * @param path - for messages
 * @returns the parsed list
 * @throws {@link MetaclipError} `E_USAGE` for a line without a letter or digit
 */
export function parseDropList(content: string, path: string): DropList {
  const hosts = new Set<string>();
  const phrases = new Set<string>();
  content.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.replace(/^\uFEFF/, '').trim();
    if (line === '' || line.startsWith('#')) return;
    const host = /^host:\s*(\S+)$/i.exec(line)?.[1] ?? (/^[^\s/:]+\.[^\s/:]+$/.test(line) ? line : undefined);
    if (host !== undefined) {
      hosts.add(host.toLowerCase().replace(/^\*?\./, ''));
      return;
    }
    const phrase = wordsOf(line.replace(/^word:/i, '')).join(' ');
    if (phrase === '') {
      throw new MetaclipError(
        'E_USAGE',
        `${path}: line ${index + 1} is ${JSON.stringify(line)}, which has no word or host`,
        {
          hint: 'give one word, phrase or host a line; start comments with #',
          details: { path, line: index + 1 },
        },
      );
    }
    phrases.add(phrase);
  });
  const list = { hosts: [...hosts].sort(), phrases: [...phrases].sort() };
  return { ...list, fingerprint: createHash('sha256').update(JSON.stringify(list)).digest('hex') };
}

/** A drop list ready for look-up. */
export class DropFilter {
  readonly #hosts: ReadonlySet<string>;
  readonly #phrases: ReadonlySet<string>;
  /** Longest phrase, in words. */
  readonly #maxWords: number;

  /**
   * @param list - parsed list
   */
  constructor(list: DropList) {
    this.#hosts = new Set(list.hosts);
    this.#phrases = new Set(list.phrases);
    this.#maxWords = list.phrases.reduce((max, phrase) => Math.max(max, phrase.split(' ').length), 0);
  }

  /**
   * @param url - image url
   * @param text - its text
   * @returns whether the pair must be dropped
   */
  rejects(url: string, text: string): boolean {
    return this.#hasHost(url) || this.#hasPhrase(text) || this.#hasPhrase(url);
  }

  #hasHost(url: string): boolean {
    if (this.#hosts.size === 0) return false;
    let host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:]+)/i.exec(url)?.[1]?.toLowerCase() ?? '';
    while (host !== '') {
      if (this.#hosts.has(host)) return true;
      const dot = host.indexOf('.');
      host = dot < 0 ? '' : host.slice(dot + 1);
    }
    return false;
  }

  #hasPhrase(text: string): boolean {
    if (this.#maxWords === 0) return false;
    const words = wordsOf(text);
    for (let start = 0; start < words.length; start++) {
      let phrase = '';
      for (let end = start; end < Math.min(words.length, start + this.#maxWords); end++) {
        phrase = end === start ? (words[end] ?? '') : `${phrase} ${words[end] ?? ''}`;
        if (this.#phrases.has(phrase)) return true;
      }
    }
    return false;
  }
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
