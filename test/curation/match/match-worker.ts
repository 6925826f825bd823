/** Worker of configurations.ts: attaches the automaton that it is sent and posts the ids of each text. */
import { parentPort } from 'node:worker_threads';
import { attachAutomaton } from '../../../src/curation/match/automaton.ts';
import { Matcher } from '../../../src/curation/match/matcher.ts';

parentPort?.on('message', ({ shared, texts }: { shared: SharedArrayBuffer; texts: string[] }) => {
  const matcher = new Matcher(attachAutomaton(shared));
  parentPort?.postMessage(texts.map((text) => matcher.matchText(text)));
});
