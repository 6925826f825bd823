/** The package is what it says: pinned versions, files that the build makes, and no dependency too many or too few. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { TOOL_VERSION } from '../src/common/version.ts';
import { findLidModel, LID_MODEL } from '../src/curation/language/lid-model.ts';
import { readSourceFiles } from './helpers/source-imports.ts';

interface Manifest {
  name: string;
  version: string;
  license: string;
  type: string;
  engines: Record<string, string>;
  bin: Record<string, string>;
  exports: { '.': { types: string; default: string } };
  files: string[];
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}
interface LockedPackage extends Partial<Manifest> {
  resolved?: string;
  integrity?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
const sources = readSourceFiles();

/** `@scope/name` or `name` of an import specifier. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Packages that the built files need: the .mjs files of src are for running from the sources and are not built. */
const imported = new Set(
  sources
    .filter(({ path }) => path.endsWith('.ts'))
    .flatMap(({ imports }) => imports)
    .filter(({ target, specifier }) => target === undefined && !specifier.startsWith('node:'))
    .map(({ specifier }) => packageOf(specifier)),
);

/** Paths that `npm run build` writes, relative to the root. */
function listBuiltFiles(): Set<string> {
  const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.build.json'), undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
      throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
    },
  });
  assert.ok(config);
  const outputs = config.fileNames.flatMap((name) => ts.getOutputFileNames(config, name, false));
  return new Set(outputs.map((name) => `./${relative(root, name).replaceAll('\\', '/')}`));
}

describe('package.json', () => {
  it('names exact versions, so that every install is the one that was tested', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, `${name} in the lock file`);
    }
  });

  it('has a licence, a name and a version like everything else that states them', () => {
    assert.equal(manifest.name, 'metaclip');
    assert.equal(manifest.license, 'MIT');
    assert.match(read('LICENSE'), /^MIT License/);
    assert.equal(manifest.type, 'module');
    assert.equal(manifest.version, TOOL_VERSION);
    assert.equal(/^## (\S+)/m.exec(read('CHANGELOG.md'))?.[1], manifest.version);
  });

  it('asks for a Node that has what is used, and runs on it', () => {
    assert.deepEqual(manifest.engines, { node: '>=20.19' });
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    assert.ok(major > 20 || (major === 20 && minor >= 19), process.version);
    // The types are those of the oldest Node, so that nothing newer is used by mistake.
    assert.match(manifest.devDependencies['@types/node'] ?? '', /^20\./);
  });

  it('points to files that the build makes', () => {
    const built = listBuiltFiles();
    const wanted = [
      ...Object.values(manifest.bin),
      manifest.exports['.'].types,
      manifest.exports['.'].default,
    ];
    for (const path of wanted) assert.ok(built.has(path), `${path} is not built`);
    assert.match(read('src/cli.ts'), /^#!\/usr\/bin\/env node\n/);
  });

  it('starts threads from files that the build makes, and from sources that are there', () => {
    const built = listBuiltFiles();
    let threadCount = 0;
    for (const { path, text } of sources) {
      const choice = /endsWith\('\.ts'\) \? '([^']+)' : '([^']+)'/.exec(text);
      if (choice === null) continue;
      threadCount++;
      const folder = path.slice(0, path.lastIndexOf('/'));
      const [, fromSource = '', fromBuild = ''] = choice;
      assert.ok(existsSync(join(root, 'src', folder, fromSource)), `${folder}/${fromSource}`);
      assert.ok(built.has(`./dist/src/${folder}/${fromBuild}`), `${folder}/${fromBuild}`);
    }
    assert.equal(threadCount, 3);
  });

  it('publishes what is needed at run time and the documents, no more', () => {
    assert.deepEqual(manifest.files, [
      'dist/src',
      'kernels/*.wasm',
      'metadata',
      'models',
      'README.md',
      'DESIGN.md',
      'CHANGELOG.md',
      'LICENSE',
    ]);
    for (const name of manifest.files) {
      if (name !== 'dist/src') assert.ok(existsSync(join(root, name.replace('/*.wasm', ''))), name);
    }
  });

  it('runs nothing when it is installed', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare'];
    assert.deepEqual(
      hooks.filter((name) => name in manifest.scripts),
      [],
    );
    // npm from version 11 on skips the install scripts of dependencies: none may need one. That of onnxruntime-node fetches
    // CUDA libraries, which nothing here uses; .npmrc keeps npm 10 from running it.
    assert.match(read('.npmrc'), /^onnxruntime-node-install=skip$/m);
    const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript === true);
    assert.deepEqual(
      scripted.filter(([, entry]) => entry.dev !== true).map(([path]) => path),
      ['node_modules/onnxruntime-node'],
    );
  });
});

describe('the dependencies', () => {
  it('are exactly what the sources import, and the package of the language model', () => {
    const needed = [...imported, LID_MODEL.package].sort();
    assert.deepEqual(Object.keys(manifest.dependencies).sort(), needed);
  });

  it('hold the language model, which is found by file and not imported', () => {
    assert.ok(!imported.has(LID_MODEL.package));
    const path = relative(root, findLidModel()).replaceAll('\\', '/');
    assert.ok(path.startsWith(`node_modules/${LID_MODEL.package}/`), path);
  });

  it('of development are not those of use', () => {
    const twice = Object.keys(manifest.devDependencies).filter((name) => name in manifest.dependencies);
    assert.deepEqual(twice, []);
  });

  it("are imported by their names, and Node's modules with `node:`", () => {
    const bare = [...imported].filter((name) => builtinModules.includes(name));
    assert.deepEqual(bare, []);
  });
});

describe('package-lock.json', () => {
  it('names no server, so that any registry serves; and has a checksum for everything', () => {
    for (const [path, entry] of Object.entries(lock.packages)) {
      assert.equal(entry.resolved, undefined, path);
      if (path !== '' && entry.link !== true) assert.match(entry.integrity ?? '', /^sha512-/, path);
    }
  });

  it('is that of package.json', () => {
    const own = lock.packages[''];
    assert.ok(own);
    for (const field of ['name', 'version', 'license', 'engines', 'dependencies', 'devDependencies'] as const)
      assert.deepEqual(own[field], manifest[field], field);
  });
});
