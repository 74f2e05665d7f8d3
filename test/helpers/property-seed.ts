/**
 * On CI property tests run with one seed, so that a change is judged by what it changes; everywhere else
 * each run looks at new cases. A counterexample found there becomes an example of its test.
 */
import fc from 'fast-check';

if (process.env['CI']) fc.configureGlobal({ seed: 20_261_123 });
