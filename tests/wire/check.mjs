/** The smallest test runner: named cases in order, a count at the end, exit code 1 when one failed. */
const outcome = { passed: 0, failed: 0 };
const CASE_LIMIT_MS = 20_000;

export async function check(name, body) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${CASE_LIMIT_MS} ms`)), CASE_LIMIT_MS);
  });
  try {
    await Promise.race([body(), late]);
    outcome.passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    outcome.failed += 1;
    console.log(`FAILED  ${name}: ${error.constructor.name} ${error.message}`);
  } finally {
    clearTimeout(timer);
  }
}

export function finish() {
  console.log(`${outcome.passed} passed, ${outcome.failed} failed`);
  process.exit(outcome.failed === 0 ? 0 : 1);
}

/** The call must fail with this class of error. */
export async function fails(call, kind) {
  try {
    await call();
  } catch (error) {
    if (error instanceof kind) return;
    throw new Error(`expected ${kind.name}, got ${error.constructor.name}: ${error.message}`);
  }
  throw new Error(`expected ${kind.name}, but it succeeded`);
}
