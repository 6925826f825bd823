/** `metaclip metadata pull`: downloads MetaCLIP's own list. */
import { formatBytes, ProgressLine } from '../common/progress.ts';
import { METACLIP_LIST_LICENCE, METACLIP_LIST_URL, pullList } from '../metadata/pull-list.ts';
import type { Command } from './command.ts';
import { OUT_OPTIONS, printList, requireOut } from './metadata-output.ts';

/** The command. */
export const metadataPullCommand: Command = {
  name: 'metadata pull',
  summary: "download MetaCLIP's own list of 500,000 entries",
  positionals: '',
  arity: [0, 0],
  description: [
    `From ${METACLIP_LIST_URL}`,
    `unless --url names another address. Licence of that list: ${METACLIP_LIST_LICENCE};`,
    'it is not part of this package, and what is made with it may fall under it.',
    'A download that was cut off goes on where it stopped. The checksum is recorded beside the list; --sha256 demands one.',
    'Behind a proxy, download the file in another way and use it with --metadata FILE: proxy settings are not read.',
  ].join('\n'),
  options: {
    ...OUT_OPTIONS,
    url: {
      type: 'string',
      value: 'URL',
      help: 'another address, http or https; user:password@ is sent and never shown',
    },
    sha256: { type: 'string', value: 'HEX', help: 'checksum that the file must have' },
  },
  examples: [
    {
      command: 'metaclip metadata pull --out metadata.json',
      what: 'then: metaclip curate ... --metadata metadata.json',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args);
    const url = args.text('url');
    if (url === undefined) io.note(`licence of the list: ${METACLIP_LIST_LICENCE}\n`);
    const line = new ProgressLine(io.note, io.terminalColumns);
    let [doneBytes, totalBytes] = [0, 0];
    line.begin({
      label: 'download',
      position: () =>
        totalBytes > 0 ? `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}` : formatBytes(doneBytes),
      amount: () => ({ done: doneBytes, total: totalBytes }),
      details: (seconds) => `${formatBytes(doneBytes / seconds)}/s`,
    });
    try {
      const provenance = await pullList({
        out,
        url,
        sha256: args.text('sha256'),
        signal: io.signal,
        onProgress: (done, total) => {
          [doneBytes, totalBytes] = [done, total];
        },
      });
      line.end();
      printList(args, io, out, provenance, [['sha256', provenance.sha256]]);
      return 0;
    } finally {
      line.end();
    }
  },
};
