/**
 * Finds the images of a page: every `<img>` (and `<image>`, which HTML reads as one) outside comments, scripts and text
 * areas, with its `src` and its texts in the order in which the attributes stand. Of an attribute that stands twice the
 * first counts. Images inside `<noscript>` count.
 */
import { Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

/** Attributes that hold a text, in the order of TEXT_KEYS. */
const TEXT_ATTRIBUTES = ['alt', 'title', 'data-image-title'] as const;

/** One attribute that holds a text. */
export interface ImageText {
  /** Index into TEXT_KEYS. */
  readonly textKey: number;
  /** The attribute's value, entities decoded, not trimmed. */
  readonly value: string;
}

/** An image, or a base that later urls are relative to. */
export interface PageTag {
  readonly name: 'img' | 'base';
  /** `src` of an image, `href` of a base; undefined when it is absent. */
  readonly link: string | undefined;
  /** Texts of an image in the order in which they stand. */
  readonly texts: readonly ImageText[];
}

/** Elements that open content in which HTML's special rules for titles, scripts and `<image>` do not hold. */
const FOREIGN = new Set(['svg', 'math']);
/** Elements inside foreign content that hold HTML again. */
const INTEGRATION = new Set('foreignobject desc title annotation-xml mi mo mn ms mtext'.split(' '));
/** Start tags that end foreign content wherever they stand; the list of the HTML standard, 13.2.6.5. */
const BREAKS_OUT = new Set(
  (
    'b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta ' +
    'nobr ol p pre ruby s small span strong strike sub sup table tt u ul var'
  ).split(' '),
);
/** Nested foreign contexts that are told apart; deeper ones count as the last. */
const MAX_CONTEXTS = 100;

/** Tags found before the page is read on. */
const QUEUE_LENGTH = 256;

/**
 * Parses a page as its tags are asked for. Linear in its length, and in constant memory beside it: this drives the
 * tokenizer, not the parser, of htmlparser2, whose stack of open elements makes 1 MiB of unclosed tags take 5 s and
 * 64 MiB hours. Images need no such stack.
 *
 * @param html - text of the page
 * @yields every image, and every base that has an `href`, in page order
 */
export function* scanPage(html: string): Generator<PageTag, void, void> {
  const scanner = new PageScanner(html);
  const tokenizer = new Tokenizer({}, scanner);
  scanner.onQueueFull = () => {
    tokenizer.pause();
  };
  tokenizer.write(html);
  while (!tokenizer.running) {
    yield* scanner.takeTags();
    tokenizer.resume();
  }
  tokenizer.end();
  yield* scanner.takeTags();
}

const ignore = (): void => undefined;

/** Collects the attributes of the tags that matter. Positions are those of the page's text. */
class PageScanner implements TokenizerCallbacks {
  readonly #html: string;
  /** Called when the queue should be emptied. */
  onQueueFull = ignore;
  #tags: PageTag[] = [];
  /** Foreign and integration elements that are open, the innermost last. */
  readonly #contexts: string[] = [];
  #tag = '';
  #attribute = '';
  #value = '';
  #link: string | undefined;
  #texts: ImageText[] = [];

  constructor(html: string) {
    this.#html = html;
  }

  /** The tags found since the last call. */
  takeTags(): PageTag[] {
    const tags = this.#tags;
    this.#tags = [];
    return tags;
  }

  isInForeignContext(): boolean {
    const { length } = this.#contexts;
    return length > 0 && FOREIGN.has(this.#contexts[length - 1] ?? '');
  }

  onopentagname(start: number, end: number): void {
    const name = this.#html.slice(start, end).toLowerCase();
    const isForeign = this.isInForeignContext();
    if (isForeign && BREAKS_OUT.has(name)) this.#contexts.length = 0;
    this.#tag = name === 'image' && !isForeign ? 'img' : name;
    this.#link = undefined;
    if (this.#texts.length > 0) this.#texts = [];
  }

  onattribname(start: number, end: number): void {
    this.#attribute =
      this.#tag === 'img' || this.#tag === 'base' ? this.#html.slice(start, end).toLowerCase() : '';
    this.#value = '';
  }

  onattribdata(start: number, end: number): void {
    if (this.#attribute !== '') this.#value += this.#html.slice(start, end);
  }

  onattribentity(codePoint: number): void {
    if (this.#attribute !== '') this.#value += String.fromCodePoint(codePoint);
  }

  onattribend(): void {
    const attribute = this.#attribute;
    if (attribute === '') return;
    if (attribute === (this.#tag === 'img' ? 'src' : 'href')) {
      this.#link ??= this.#value;
      return;
    }
    const textKey = this.#tag === 'img' ? TEXT_ATTRIBUTES.findIndex((name) => name === attribute) : -1;
    if (textKey >= 0 && !this.#texts.some((text) => text.textKey === textKey)) {
      this.#texts.push({ textKey, value: this.#value });
    }
  }

  onopentagend(): void {
    this.#endTag(false);
  }

  onselfclosingtag(): void {
    this.#endTag(true);
  }

  onclosetag(start: number, end: number): void {
    const { length } = this.#contexts;
    if (length === 0) return;
    if (this.#html.slice(start, end).toLowerCase() === this.#contexts[length - 1]) this.#contexts.pop();
  }

  /** Only here a tag counts: one that the page breaks off never comes so far. */
  #endTag(isSelfClosing: boolean): void {
    const tag = this.#tag;
    this.#tag = '';
    if (tag === 'img' || (tag === 'base' && this.#link !== undefined)) {
      this.#tags.push({ name: tag, link: this.#link, texts: this.#texts });
      // The queue owns it now.
      this.#texts = [];
      if (this.#tags.length >= QUEUE_LENGTH) this.onQueueFull();
    } else if (!isSelfClosing && (FOREIGN.has(tag) || (INTEGRATION.has(tag) && this.isInForeignContext()))) {
      if (this.#contexts.length < MAX_CONTEXTS) this.#contexts.push(tag);
    }
  }

  oncdata = ignore;
  oncomment = ignore;
  ondeclaration = ignore;
  onend = ignore;
  onprocessinginstruction = ignore;
  ontext = ignore;
  ontextentity = ignore;
}

/**
 * Tells cheaply whether a page can hold an image, because most responses need no parser then.
 *
 * @param bytes - page in an encoding that writes ASCII as ASCII
 * @returns false when no `<img` or `<image` stands in it, in any case
 */
export function mayHoldImages(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(0x3c); at >= 0; at = bytes.indexOf(0x3c, at + 1)) {
    if (
      ((bytes[at + 1] ?? 0) | 32) === 0x69 &&
      ((bytes[at + 2] ?? 0) | 32) === 0x6d &&
      (((bytes[at + 3] ?? 0) | 32) === 0x67 || ((bytes[at + 3] ?? 0) | 32) === 0x61)
    ) {
      return true;
    }
  }
  return false;
}
