import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childMarks } from '../../core/children.ts';
import { jobSchema } from '../../core/schema/job.ts';
import { command, runCli, runProgram } from './run-cli.ts';

const ESC = '\u001b';
let cwd: string;
const film = `title: Trying it
scenes:
  - title: { text: Hello }
    duration: 1
  - text: Two words.
    media: { type: gradient, colors: ['#123456', '#ff8800'] }
    transition: { type: wipe, duration: 0.4 }
`;

const write = (name: string, text: string): void => writeFileSync(path.join(cwd, name), text);
const lastLine = (text: string): unknown => JSON.parse(text.trimEnd().split('\n').at(-1)!);
const run = (...args: string[]) => runCli(args, { cwd });

beforeAll(() => {
  cwd = mkdtempSync(path.join(tmpdir(), 'genscene-cli-'));
  write('film.yaml', film);
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('render', () => {
  it('leaves film, poster, sheet and captions, and says where and how long', async () => {
    const { code, stdout, stderr } = await run('render', 'film.yaml', '--draft');
    expect(stderr).toMatch(
      /^fetching media … \(\d+%\)\nspeaking … \(\d+%\)\nrendering … \(\d+%\)\nsaving … \(\d+%\)\n$/,
    );
    expect(stdout).toMatch(
      /^Film +out\/film\/film\.mp4\nPoster +out\/film\/poster\.jpg\nSheet +out\/film\/sheet\.png\nSRT +out\/film\/captions\.srt\nVTT +out\/film\/captions\.vtt\n/,
    );
    expect(stdout).toMatch(
      /\d+\.\d s · 640 × 360 · \d+\.\d kB · −1\d\.\d LUFS\nmade in \d+\.\d s, \d+\.\d+ × real time · 0 of 2 scenes reused\n$/,
    );
    expect(`${stdout}${stderr}`).not.toContain('\u001b');
    expect(code).toBe(0);
    for (const name of ['film.mp4', 'poster.jpg', 'sheet.png', 'captions.srt', 'captions.vtt']) {
      expect(statSync(path.join(cwd, 'out/film', name)).size).toBeGreaterThan(0);
    }
  });

  it('--json ends with the job, with nothing else on stdout, and reuses what is unchanged', async () => {
    const { code, stdout } = await run(
      'render',
      'film.yaml',
      '--draft',
      '--json',
      '--out',
      'again',
      '--set',
      'scenes[0].title.text=Bye',
    );
    expect(code).toBe(0);
    const job = JSON.parse(stdout) as { files: Record<string, string>; scenesReused: number };
    expect(jobSchema.safeParse(job).error).toBeUndefined();
    expect(job).toMatchObject({ status: 'done', width: 640, height: 360, scenesTotal: 2, scenesReused: 1 });
    expect(job.files['film']).toBe(path.join(cwd, 'again/film.mp4'));
    expect(existsSync(job.files['film']!)).toBe(true);
  });

  it('says of a missing picture where it is named and what to do, once', async () => {
    write('missing.yaml', 'scenes: [{ text: Hi., media: { type: image, src: nope.jpg } }]\n');
    const { code, stderr } = await run('render', 'missing.yaml');
    expect(code).toBe(1);
    expect(stderr).toContain('scenes[0].media.src: There is no file "nope.jpg". Check its name');
    expect(stderr.match(/Check its name/g)).toHaveLength(1);
  });

  it('puts the wishes of the command line into the storyboard', async () => {
    const wishes = [
      '--resolution',
      'preview',
      '--aspect',
      '9:16',
      '--fps',
      '24',
      '--quality',
      'draft',
      '--set',
      'captions.mode=off',
      '--quiet',
    ];
    const { code, stdout, stderr } = await run('render', 'film.yaml', '--json', '--out', 'tall', ...wishes);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(lastLine(stdout)).toMatchObject({ width: 360, height: 640, files: { srt: null, vtt: null } });
    const probed = execFileSync(
      'ffprobe',
      [
        '-v',
        'error',
        '-select_streams',
        'v',
        '-show_entries',
        'stream=r_frame_rate,width,height',
        '-of',
        'csv=p=0',
        'tall/film.mp4',
      ],
      { cwd, encoding: 'utf8' },
    );
    expect(probed.trim()).toBe('360,640,24/1');
  });

  it('reads a script from standard input, with pictures relative to the folder one is in', async () => {
    execFileSync('ffmpeg', [
      '-v',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      'testsrc=s=64x48',
      '-frames:v',
      '1',
      path.join(cwd, 'dot.png'),
    ]);
    const { code, stdout, stderr } = await runCli(['render', '-', '--draft', '--json', '--quiet'], {
      cwd,
      stdin: '[image: dot.png]\n[duration: 0.5]\n',
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(lastLine(stdout)).toMatchObject({
      duration: 0.5,
      files: { film: path.join(cwd, 'out/film/film.mp4') },
    });
  });

  it('names every fault with its line, and renders nothing', async () => {
    write(
      'wrong.yaml',
      'scenes:\n  - text: Hi\n    durration: 3\n  - media:\n      type: imge\n      src: a.png\n',
    );
    const { code, stdout, stderr } = await run('render', 'wrong.yaml', '--json');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'scenes[0].durration: unknown field "durration"; did you mean "duration"? (line 3)',
    );
    expect(stderr).toContain('scenes[1].media.type: must be one of');
    expect(lastLine(stdout)).toMatchObject({
      status: 'failed',
      error: {
        code: 'invalid_storyboard',
        issues: [
          { path: 'scenes[0].durration' },
          { path: 'scenes[1].media.type', message: expect.stringContaining('(line 5)') },
        ],
      },
    });
    expect(existsSync(path.join(cwd, 'out/wrong'))).toBe(false);
  });

  it('a missing picture names its scene, and leaves no film', async () => {
    write('lost.md', 'One.\n\n[image: nowhere.png]\nTwo.\n');
    const { code, stderr, stdout } = await run('render', 'lost.md', '--draft', '--json');
    expect(code).toBe(1);
    expect(stderr).toMatch(/Error \(fetching, scene 2\): .*nowhere\.png/);
    expect(lastLine(stdout)).toMatchObject({ status: 'failed', error: { stage: 'fetching', scene: 2 } });
    expect(existsSync(path.join(cwd, 'out/lost/film.mp4'))).toBe(false);
  });

  it('Ctrl-C stops it, cleans up and exits 130', async () => {
    write(
      'long.yaml',
      `${film}  - text: And now something longer, which takes a while.\n    duration: 120\n    media: { type: color, color: '#203040' }\n`,
    );
    const { code, stdout, stderr } = await runCli(['render', 'long.yaml', '--quality', 'high', '--json'], {
      cwd,
      onStart: (child) => {
        let isAsked = false;
        child.stderr!.on('data', (text: string) => {
          // Once: a second one would end it without cleaning up.
          if (isAsked || !text.includes('rendering')) return;
          isAsked = true;
          setTimeout(() => child.kill('SIGINT'), 300);
        });
      },
    });
    expect(stderr).toContain('Stopping …');
    expect(code).toBe(130);
    expect(lastLine(stdout)).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } });
    expect(readdirSync(path.join(cwd, 'out/long')).filter((name) => name.startsWith('film'))).toEqual([]);
    const left = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n').filter((line) => line.includes(cwd)); // prettier-ignore
    expect(left).toEqual([]);
  });

  it('without ffmpeg exits 3 and says how to get it', async () => {
    const { code, stderr } = await runCli(['render', 'film.yaml'], {
      cwd,
      env: { FFMPEG_PATH: '/nowhere/ffmpeg' },
    });
    expect(code).toBe(3);
    expect(stderr).toContain('/nowhere/ffmpeg is not a program');
    expect(stderr).toContain('scripts/setup');
  });

  it('on a terminal draws one line over and over, in colour, and takes it away at the end', async () => {
    const shell = [
      ...command,
      'render',
      'film.yaml',
      '--draft',
      '--out',
      'tty',
      '--set',
      'scenes[0].title.text=Colour',
    ]
      .map((word) => `'${word}'`)
      .join(' ');
    const { code, stdout } = await runProgram(['script', '-qec', shell, '/dev/null'], {
      cwd,
      env: { TERM: 'xterm' },
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`\\r${ESC}\\[2K.*█.*░.*\\d+%.* · rendering · scene \\d of 2`));
    expect(stdout).toContain('\r\u001b[2K\u001b[2mFilm');
    const plain = await runProgram(['script', '-qec', shell, '/dev/null'], {
      cwd,
      env: { TERM: 'xterm', NO_COLOR: '1' },
    });
    expect(plain.stdout).not.toMatch(new RegExp(`${ESC}\\[\\d+m`));
  });
});

describe('the other commands', () => {
  it('validate says length and warnings, or every fault', async () => {
    const good = await run('validate', 'film.yaml');
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok: 2 scenes, about \d\.\d s of film\n$/),
    });
    write('script.txt', 'One [imge: x].\n\n[effect: zom]');
    const bad = await run('validate', 'script.txt', '--json');
    expect(bad.code).toBe(2);
    expect(lastLine(bad.stdout)).toMatchObject({
      error: { issues: [{ path: 'line 1' }, { path: 'line 3' }] },
    });
  });

  it('speak leaves a WAV, and refuses other kinds and unknown voices', async () => {
    const { code, stdout } = await run('speak', 'Hello there.', '--voice', 'slt', '--out', 'sound/hello.wav');
    expect(stdout).toMatch(
      /^sound\/hello\.wav: \d\.\d s, flite slt \(this voice was asked for\), 16000 Hz, word times engine\n$/,
    );
    expect(code).toBe(0);
    expect(readFileSync(path.join(cwd, 'sound/hello.wav')).toString('latin1', 0, 4)).toBe('RIFF');
    const json = await runCli(['speak', '-', '--language', 'es', '--json', '--out', 'hola.wav'], {
      cwd,
      stdin: 'Hola.',
    });
    expect(lastLine(json.stdout)).toMatchObject({
      engine: 'espeak',
      path: path.join(cwd, 'hola.wav'),
      marks: expect.anything(),
    });
    const refused = await Promise.all([
      run('speak', 'Hi', '--out', 'a.mp3'),
      run('speak', 'Hi', '--voice', 'nobody'),
      run('speak', ' '),
    ]);
    expect(refused.map((outcome) => outcome.code)).toEqual([2, 2, 2]);
  });

  it('voices lists names to use, and stops quietly when nobody reads on', async () => {
    const { stdout } = await run('voices', '--language', 'es', '--json');
    const voices = lastLine(stdout) as { engine: string; language: string }[];
    expect(voices.length).toBeGreaterThan(2);
    expect(voices.every((voice) => voice.language.startsWith('es'))).toBe(true);
    const cut = await runProgram(['sh', '-c', '"$@" voices | head -n 1', 'sh', ...command], { cwd });
    expect(cut).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^engine +name/) });
  });

  it('doctor finds everything here, and names what is missing with its cure', async () => {
    const well = await run('doctor');
    expect(well.stdout).toContain('✓ Speech: espeak: speaks');
    expect(well.stdout).toContain('All that films need is here.');
    expect(well.code).toBe(0);
    const ill = await runCli(['doctor', '--json'], {
      cwd,
      env: { FFMPEG_PATH: '/nowhere/ffmpeg', DATA_DIR: path.join(cwd, 'film.yaml/data') },
    });
    expect(ill.code).toBe(3);
    const { ok, findings } = lastLine(ill.stdout) as {
      ok: boolean;
      findings: { name: string; ok: boolean; cure?: string }[];
    };
    expect(ok).toBe(false);
    const faults = findings.filter((finding) => !finding.ok);
    expect(faults.map((finding) => finding.name).toSorted()).toEqual(['Data folder', 'ffmpeg']);
    for (const fault of faults) expect(fault.cure).toBeTruthy();
  });

  it('doctor --children lists what another process of the program runs on this machine', async () => {
    const child = spawn('sleep', ['60'], { env: childMarks('encoding segments', process.pid) });
    try {
      const { stdout, code } = await run('doctor', '--children');
      expect(code).toBe(0);
      expect(stdout).toMatch(/^PID +PROGRAM +DOES +AGE +MEMORY +OF$/m);
      expect(stdout).toMatch(
        new RegExp(
          `^${child.pid} +sleep +encoding segments +[\\d.]+ s +[\\d.]+ [kM]B +.*\\(${process.pid}\\)$`,
          'm',
        ),
      );
      const { children } = lastLine((await run('doctor', '--children', '--json')).stdout) as {
        children: { pid: number }[];
      };
      expect(children).toContainEqual(
        expect.objectContaining({ pid: child.pid, purpose: 'encoding segments', ageS: expect.any(Number) }),
      );
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('.env is read, and wrong settings are all named at once', async () => {
    const folder = mkdtempSync(path.join(cwd, 'env-'));
    writeFileSync(path.join(folder, '.env'), 'PORT=abc\nTTS_ENGINE=nonsense\n');
    const { code, stderr } = await runCli(['voices'], { cwd: folder });
    expect(code).toBe(2);
    expect(stderr).toMatch(/PORT: .*[\s\S]*TTS_ENGINE: /);
    expect(stderr.match(/PORT: /g)).toHaveLength(1);
  });

  it('wrong usage exits 2 with a suggestion; help and version exit 0', async () => {
    const outcomes = await Promise.all([
      run('rendr'),
      run('render'),
      run('render', 'film.yaml', '--fps', '29', '--json'),
      run('render', 'nowhere.yaml'),
      run('--help'),
      run('--version'),
    ]);
    expect(outcomes.map((outcome) => outcome.code)).toEqual([2, 2, 2, 2, 0, 0]);
    expect(outcomes[0]!.stderr).toContain('Did you mean render?');
    expect(lastLine(outcomes[2]!.stdout)).toMatchObject({
      status: 'failed',
      error: { code: 'invalid_request' },
    });
    expect(outcomes[3]!.stderr).toContain('nowhere.yaml does not exist');
    expect(outcomes[4]!.stdout).toContain(
      'Exit codes: 0 ok, 1 failed, 2 wrong usage or invalid input, 3 a tool is missing, 130 cancelled',
    );
  });
});
