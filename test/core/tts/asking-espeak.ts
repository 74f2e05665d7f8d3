/** Run by voices.test.ts as a process of its own: asks espeak which voices it has, and tries them. */
import createEspeak from '@echogarden/espeak-ng-emscripten';

process.once('message', async (names: string[]) => {
  const { eSpeakNGWorker } = await createEspeak();
  const worker = new eSpeakNGWorker();
  const listed = worker.list_voices().map(({ identifier }) => identifier.split('/').at(-1)!.toLowerCase());
  const lengths = names.map((name) => {
    let length = 0;
    worker.set_voice(name, '', 0, 0, 0);
    // Cherokee has only words of its own.
    worker.synthesize(name === 'chr' ? 'ᎣᏏᏲ' : 'a', (samples) => {
      length += samples?.length ?? 0;
      return false;
    });
    return length;
  });
  process.send!({ listed, lengths }, () => process.exit(0));
});
