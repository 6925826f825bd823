/**
 * Wikitext to plain text, simply: enough for counting words, no more.
 *
 * Left out: comments; `<ref>`, `<math>`, `<gallery>`, `<timeline>`, code and the like with their content; templates and
 * tables with all that stands inside them; files, categories and links to other languages; addresses. Kept: the label of a
 * link, or its target; the label of an external link; headings, list items, captions of nothing. Tags go, what they hold
 * stays. What templates would print is not there: nothing is expanded.
 *
 * Complexity: linear in the text. Markup that is never closed loses its marks and keeps its text.
 */
import { decodeHTML } from 'entities';

/** Elements that go with their content. */
const DROPPED_ELEMENTS =
  'ref|math|chem|gallery|timeline|syntaxhighlight|source|code|pre|score|imagemap|hiero|graph|mapframe|maplink|templatestyles|inputbox';
const DROPPED_PAIR = new RegExp(`<(${DROPPED_ELEMENTS})(?:\\s[^<>]*)?>`, 'gi');
const MARKS = /\{\{|\}\}|\{\||\|\}|\[\[|\]\]/g;

/** Names of the namespaces whose links are left out. */
export interface WikiNames {
  /** Lower case: `file`, `category`, and what the wiki's own language calls them. */
  readonly dropped: ReadonlySet<string>;
}

/** The names that every wiki understands. */
export const COMMON_NAMES: WikiNames = { dropped: new Set(['file', 'image', 'media', 'category']) };

/**
 * @param wikitext - text of a page, XML entities decoded
 * @param names - namespaces that are left out
 * @returns its plain text
 */
export function stripWikitext(wikitext: string, names: WikiNames = COMMON_NAMES): string {
  const withoutElements = dropElements(dropBetween(wikitext, '<!--', '-->'));
  return decodeHTML(
    resolveMarks(withoutElements, names)
      .replaceAll(/\[(?:https?:|ftp:)?\/\/[^\s[\]]*(?:[ \t]([^[\]\n]*))?\]/g, '$1')
      .replaceAll(/\b(?:https?|ftp):\/\/\S+/g, ' ')
      .replaceAll(/'{2,}/g, '')
      .replaceAll(/__[A-Z]+__/g, '')
      .replaceAll(/^[ \t]*(?:=+|[*#:;]+)/gm, '')
      .replaceAll(/(?<!=)=+[ \t]*$/gm, '')
      .replaceAll(/<[^<>\n]*>/g, ' '),
  );
}

/** Cuts out everything from an opening to a closing mark; an opening without a closing one is kept. */
function dropBetween(text: string, open: string, close: string): string {
  let kept = '';
  let from = 0;
  for (;;) {
    const start = text.indexOf(open, from);
    if (start < 0) break;
    const end = text.indexOf(close, start + open.length);
    if (end < 0) break;
    kept += text.slice(from, start);
    from = end + close.length;
  }
  return kept + text.slice(from);
}

function dropElements(text: string): string {
  // Where no closing tag of a name is left, later ones need not be searched for either.
  const unclosed = new Set<string>();
  let kept = '';
  let from = 0;
  for (const match of text.matchAll(DROPPED_PAIR)) {
    if (match.index < from) continue;
    const [tag, name = ''] = match;
    let end = match.index + tag.length;
    if (!tag.endsWith('/>')) {
      const lower = name.toLowerCase();
      const close = unclosed.has(lower) ? -1 : findClosing(text, lower, end);
      if (close < 0) {
        unclosed.add(lower);
        continue;
      }
      end = close;
    }
    kept += `${text.slice(from, match.index)} `;
    from = end;
  }
  return kept + text.slice(from);
}

/** Place behind the next closing tag; -1 when there is none. */
function findClosing(text: string, name: string, from: number): number {
  const closing = new RegExp(`</${name}\\s*>`, 'gi');
  closing.lastIndex = from;
  return closing.exec(text) === null ? -1 : closing.lastIndex;
}

interface OpenMark {
  readonly mark: string;
  /** Number of pieces that stood before it. */
  readonly pieceCount: number;
}

const OPENING: Readonly<Record<string, string>> = { '}}': '{{', '|}': '{|', ']]': '[[' };
/** Deepest nesting that is followed; real pages stay far below. */
const MAX_DEPTH = 200;

/** Templates and tables out, links resolved, in one walk with a stack. */
function resolveMarks(text: string, names: WikiNames): string {
  const pieces: string[] = [];
  const open: OpenMark[] = [];
  let from = 0;
  for (const { 0: mark, index } of text.matchAll(MARKS)) {
    // `|}}` ends a template with an empty last argument; the table end in it is none.
    if (mark === '|}' && text[index + 2] === '}' && open.at(-1)?.mark !== '{|') {
      pieces.push(text.slice(from, index + 1));
      from = index + 1;
      // The `}}` behind it overlaps this mark and is not met again, so it is taken here.
      if (closeMark('{{', open, pieces, names)) from = index + 3;
      continue;
    }
    if (index < from) continue;
    pieces.push(text.slice(from, index));
    from = index + 2;
    const opening = OPENING[mark];
    if (opening !== undefined) closeMark(opening, open, pieces, names);
    else if (open.length < MAX_DEPTH) open.push({ mark, pieceCount: pieces.length });
  }
  pieces.push(text.slice(from));
  return pieces.join('');
}

/** Ends the innermost construct where it is of this kind; a closing mark of another kind is only left out. */
function closeMark(opening: string, open: OpenMark[], pieces: string[], names: WikiNames): boolean {
  const last = open.at(-1);
  if (last?.mark !== opening) {
    // An unclosed link inside a template must not keep the template open for ever.
    const at = open.findLastIndex(({ mark }) => mark === opening);
    if (at < 0 || opening === '[[') return false;
    open.length = at + 1;
  }
  const closed = open.pop();
  if (closed === undefined) return false;
  const inner = pieces.splice(closed.pieceCount);
  if (opening === '[[') pieces.push(linkText(inner.join(''), names));
  else pieces.push(' ');
  return true;
}

function linkText(inner: string, names: WikiNames): string {
  const bar = inner.indexOf('|');
  const target = (bar < 0 ? inner : inner.slice(0, bar)).trim();
  const colon = target.indexOf(':');
  if (colon > 0) {
    const prefix = target.slice(0, colon).trim();
    if (names.dropped.has(prefix.toLowerCase())) return ' ';
    // Links to the same page in other languages: `de:`, `zh-min-nan:`.
    if (bar < 0 && /^[a-z]{2,3}(?:-[a-z]+)*$/.test(prefix)) return ' ';
  }
  if (bar < 0) return target.replace(/^:/, '');
  return inner.slice(inner.lastIndexOf('|') + 1);
}
