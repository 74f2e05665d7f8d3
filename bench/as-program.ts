/** Runs a bench that measures this process as the program runs, in plain JavaScript: `tsx bench/as-program.ts queue …` */
import { spawn } from 'node:child_process';
import { makeProgram, programFile } from '../test/helpers/program.ts';

const [name, ...rest] = process.argv.slice(2);
await makeProgram();
const child = spawn(process.execPath, [programFile(`bench/${name}.ts`), ...rest], { stdio: 'inherit' });
// The terminal tells both; who is told alone passes it on.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => process.exit(code ?? 1));
