/** A real Chromium for the tests of the page; they say that they are skipped where there is none. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';

const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

/** Reason to give to node:test's `skip` when there is no browser; `false` when there is one. */
export const skipWithoutBrowser: string | false =
  executable === undefined ? 'skipped: no Chromium in /usr/bin (Debian: apt-get install chromium)' : false;

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser with a profile of its own. */
export interface TestBrowser {
  readonly context: BrowserContext;
  /** Ends it and removes the profile. */
  readonly close: () => Promise<void>;
}

/** @returns a started browser; the caller closes it */
export async function startBrowser(): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'metaclip-browser-'));
  const remove = (): void => {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: executable ?? '',
      headless: true,
      args: FLAGS,
      viewport: { width: 1200, height: 900 },
    });
    return {
      context,
      close: async () => {
        await context.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
