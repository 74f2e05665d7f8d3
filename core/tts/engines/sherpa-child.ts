/**
 * sherpa-onnx in the child process: one sentence in, samples out. It keeps the model it used last, and
 * ends the process when it does not like one, which is why it has one of its own.
 */
import { createRequire } from 'node:module';
import { fromFloats } from '../audio/received.ts';
import type { ChildJob, ChildSpeech, SherpaOrder, Speaker } from '../children/messages.ts';

type Audio = { samples: Float32Array; sampleRate: number };
type Tts = { sampleRate: number; generate(request: object): Audio };
type Sherpa = { OfflineTts: new (config: object) => Tts };

export async function loadSpeaker(): Promise<Speaker> {
  const sherpa = createRequire(import.meta.url)('sherpa-onnx-node') as Sherpa;
  let loaded: { key: string; tts: Tts } | null = null;
  return (job) => {
    const order = orderOf(job);
    const key = JSON.stringify(order.config);
    if (loaded?.key !== key) {
      loaded = null;
      loaded = { key, tts: new sherpa.OfflineTts({ model: order.config, maxNumSentences: 1 }) };
    }
    return speak(loaded.tts, job, order);
  };
}

function orderOf({ model }: ChildJob): SherpaOrder {
  if (!model) throw new Error('no model was named');
  return model;
}

function speak(tts: Tts, { text, speed }: ChildJob, { speaker, language }: SherpaOrder): ChildSpeech {
  const audio = tts.generate({
    text,
    // Memory of its own cannot be sent over the pipe.
    enableExternalBuffer: false,
    generationConfig: {
      sid: speaker,
      speed,
      silenceScale: 0.2,
      ...(language ? { extra: { lang: language } } : {}),
    },
  });
  return {
    samples: fromFloats(audio.samples, 'sherpa'),
    sampleRate: audio.sampleRate || tts.sampleRate,
    words: [],
  };
}
