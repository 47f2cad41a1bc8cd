/** Known vulnerabilities of the packages that are shipped. A registry that answers no audits (mirrors do not) is said aloud and fails nothing. */
import { spawnSync } from 'node:child_process';

const npm = process.env.npm_execpath;
const args = ['audit', '--omit=dev', '--json'];
const { stdout } = npm === undefined ? spawnSync('npm', args, { encoding: 'utf8' }) : spawnSync(process.execPath, [npm, ...args], { encoding: 'utf8' });

let report = {};
try {
  report = JSON.parse(stdout) ?? {};
} catch {
  // Told below.
}
const found = report.metadata?.vulnerabilities;
if (found === undefined) {
  console.log(`Not audited: ${report.message ?? 'npm audit has answered nothing'}`);
} else {
  for (const [name, { severity, range }] of Object.entries(report.vulnerabilities ?? {})) console.log(`${severity}: ${name} ${range}`);
  console.log(`${found.total} known vulnerabilities in ${report.metadata.dependencies.prod} packages`);
  if (found.total > 0) process.exitCode = 1;
}
