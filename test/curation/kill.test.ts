/** A run that is killed with -9 at random moments and started again comes to the same bytes as one that was left alone. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../../scripts/fixtures/seeded-random.ts';
import { readResultBytes } from '../helpers/read-run.ts';
import { runCli, startCli } from '../helpers/run-cli.ts';
import { SMALL_ENTRIES, writeSmallPool } from '../helpers/small-pool.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const KILLS = 24;

it(`survives ${KILLS} kills at random moments`, async (test) => {
  const folder = makeTempFolder(test);
  writeSmallPool(join(folder, 'pool'), 6, 1500);
  const metadata = join(folder, 'entries.json');
  writeFileSync(metadata, JSON.stringify(SMALL_ENTRIES));
  const argsOf = (out: string): string[] => [
    'curate',
    join(folder, 'pool'),
    '--out',
    out,
    '--metadata',
    metadata,
    '--t',
    '12',
    '--lang',
    'off',
    '--workers',
    '2',
  ];
  const environment = { METACLIP_CACHE: join(folder, 'cache') };

  const whole = join(folder, 'whole');
  const startMs = performance.now();
  const untouched = await runCli(argsOf(whole), environment);
  const wholeMs = performance.now() - startMs;
  assert.equal(untouched.code, 0, untouched.stderr);
  const expected = readResultBytes(whole);

  const random = createRandom(20);
  let kills = 0;
  let markersSeen = 0;
  for (let round = 0; kills < KILLS; round++) {
    const out = join(folder, `killed-${round}`);
    for (;;) {
      const { child, done } = startCli(argsOf(out), environment);
      // Reaches from before the first output to past the end of a whole run.
      const delayMs = wholeMs * (0.2 + 0.85 * random.next());
      const first = await Promise.race([done, sleep(delayMs).then(() => 'late' as const)]);
      if (first === 'late') child.kill('SIGKILL');
      const result = await done;
      if (result.signal === 'SIGKILL') {
        kills++;
        markersSeen += readdirSync(folder, { recursive: true }).filter((name) =>
          /killed.*done.*json$/.test(String(name)),
        ).length;
        continue;
      }
      assert.equal(result.code, 0, result.stderr);
      break;
    }
    assert.deepEqual(readResultBytes(out), expected);
    const left = readdirSync(out, { recursive: true })
      .map(String)
      .filter((name) => name.includes('.tmp-'));
    assert.deepEqual(left, [], 'temporary files of killed processes are removed at the next start');
  }
  assert.ok(markersSeen > 0, 'some kills came after the first finished task');
});
