/** Adds up jest's reports in a folder, and the steps that broke; prints what failed and, last, "N passed, N failed[, N skipped]". */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
let passed = 0;
let failed = 0;
let skipped = 0;

for (const name of readdirSync(folder).filter((file) => file.endsWith('.json')).toSorted()) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  passed += report.numPassedTests;
  // A suite that could not even start has no tests in it.
  failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
  skipped += report.numPendingTests + report.numTodoTests;
  for (const suite of report.testResults) {
    if (suite.status === 'failed' && suite.assertionResults.length === 0) console.log(`FAILED ${name}: ${suite.name} did not run`);
    for (const test of suite.assertionResults) {
      if (test.status === 'failed') console.log(`FAILED ${name}: ${test.fullName}`);
    }
  }
}

const broken = join(folder, 'broken-steps');
for (const title of existsSync(broken) ? readFileSync(broken, 'utf8').split('\n').filter(Boolean) : []) {
  console.log(`FAILED step: ${title}`);
  failed += 1;
}

console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
