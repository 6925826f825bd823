/** Makes MediaWiki exports as small as a test needs them. */

/**
 * @param title - title of the page
 * @param wikitext - its text
 * @param options - what is not usual of it
 * @param options.namespace - number of its namespace, default 0
 * @param options.redirect - title that it redirects to
 * @returns a `<page>`
 */
export function pageOf(
  title: string,
  wikitext: string,
  options: { readonly namespace?: number; readonly redirect?: string } = {},
): string {
  const escaped = wikitext.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const redirect = options.redirect === undefined ? '' : `    <redirect title="${options.redirect}" />\n`;
  return `  <page>\n    <title>${title}</title>\n    <ns>${options.namespace ?? 0}</ns>\n    <id>1</id>\n${redirect}    <revision>\n      <text bytes="1" xml:space="preserve">${escaped}</text>\n    </revision>\n  </page>\n`;
}

/**
 * @param pages - what {@link pageOf} gave
 * @param language - `xml:lang`; empty: none
 * @param database - `dbname`; empty: none
 * @returns an export whose files are called `Datei` too
 */
export function exportOf(pages: readonly string[], language = 'en', database = 'enwiki'): string {
  const attribute = language === '' ? '' : ` xml:lang="${language}"`;
  const name = database === '' ? '' : `<dbname>${database}</dbname>`;
  return `<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11"${attribute}>
  <siteinfo>${name}<namespaces><namespace key="0" case="first-letter" /><namespace key="6" case="first-letter">Datei</namespace></namespaces></siteinfo>
${pages.join('')}</mediawiki>
`;
}
