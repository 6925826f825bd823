/** The one switch for the published quirks; see DESIGN.md, "Compatibility". */
export const COMPAT_MODES = ['metaclip', 'mended'] as const;

/**
 * `metaclip` (default): results equal to the original's, its quirks included.
 * `mended`: entries with punctuation can match, newlines in WARC texts become spaces, an empty `src` is dropped,
 * `<base href>` is honoured, and angle brackets around the address of a WAT's page, which some crawlers write, are removed.
 */
export type Compat = (typeof COMPAT_MODES)[number];
