/**
 * Voices of services, known without asking them: the settings name them, or the usual ones are taken.
 * A setting's item is `name`, `name=id`, `name:language` or `name=id:language`.
 */
import type { EngineName, Voice } from '../types.ts';

type Named = { name: string; id: string; language: string; gender: Voice['gender'] };
type CloudEngine = Extract<EngineName, 'openai' | 'elevenlabs' | 'azure' | 'edge'>;

const many = 'mul';
const f = 'female' as const;
const m = 'male' as const;
const named = (list: string, gender: Voice['gender']): Named[] =>
  list.split(' ').map((name) => ({ name, id: name, language: many, gender }));
const neural = (list: string, gender: Voice['gender']): Named[] =>
  list
    .split(' ')
    .map((name) => ({ name, id: name, language: name.split('-').slice(0, 2).join('-'), gender }));

/** The usual voices where the settings name none, the recommended ones of a language first. */
const usual: Record<CloudEngine, readonly Named[]> = {
  openai: [
    ...named('alloy ash ballad coral', 'unknown'),
    ...named('echo onyx', m),
    ...named('fable sage verse marin cedar', 'unknown'),
    ...named('nova shimmer', f),
  ],
  elevenlabs: [
    { name: 'Sarah', id: 'EXAVITQu4vr4xnSDxMaL', language: many, gender: f },
    { name: 'George', id: 'JBFqnCBsd6RMkjVDRZzb', language: many, gender: m },
    { name: 'Rachel', id: '21m00Tcm4TlvDq8ikWAM', language: many, gender: f },
  ],
  azure: [
    ...neural(
      'en-US-JennyNeural en-GB-SoniaNeural es-ES-ElviraNeural es-MX-DaliaNeural es-AR-ElenaNeural es-CO-SalomeNeural fr-FR-DeniseNeural de-DE-KatjaNeural it-IT-ElsaNeural pt-BR-FranciscaNeural pt-PT-RaquelNeural',
      f,
    ),
    ...neural(
      'en-US-GuyNeural en-GB-RyanNeural es-ES-AlvaroNeural es-MX-JorgeNeural es-AR-TomasNeural es-CO-GonzaloNeural fr-FR-HenriNeural de-DE-ConradNeural it-IT-DiegoNeural pt-BR-AntonioNeural',
      m,
    ),
  ],
  edge: [
    ...neural(
      'en-US-AriaNeural en-GB-SoniaNeural es-ES-ElviraNeural es-MX-DaliaNeural fr-FR-DeniseNeural de-DE-KatjaNeural it-IT-ElsaNeural pt-BR-FranciscaNeural',
      f,
    ),
    ...neural(
      'en-US-GuyNeural en-GB-RyanNeural es-ES-AlvaroNeural es-MX-JorgeNeural fr-FR-HenriNeural de-DE-ConradNeural it-IT-DiegoNeural pt-BR-AntonioNeural',
      m,
    ),
  ],
};

const terms: Record<CloudEngine, string> = {
  openai: 'terms of the service',
  elevenlabs: 'terms of the service',
  azure: 'terms of the service',
  edge: 'none given: meant for a browser',
};

/** The voices of a service, those of the settings if there are any. */
export function cloudVoices(engine: CloudEngine, configured: readonly string[] = []): Voice[] {
  return namesOf(engine, configured).map((voice) => asVoice(engine, voice));
}

/** What the service itself calls a voice. */
export function cloudVoiceId(engine: CloudEngine, configured: readonly string[], name: string): string {
  return namesOf(engine, configured).find((voice) => voice.name === name)?.id ?? name;
}

/**
 * A voice asked for by a name that is not listed: services have far more than anyone would list.
 * Names of Azure and Edge tell their language.
 */
export function unlistedVoice(engine: CloudEngine, name: string): Voice | null {
  if (!/^[\w.+-]{1,100}$/.test(name)) return null;
  const [, language] = /^([a-z]{2,3}-[A-Z]{2})-\w+/.exec(name) ?? [];
  if ((engine === 'azure' || engine === 'edge') && language === undefined) return null;
  return asVoice(engine, { name, id: name, language: language ?? many, gender: 'unknown' });
}

function namesOf(engine: CloudEngine, configured: readonly string[]): readonly Named[] {
  return configured.length > 0 ? configured.map(readItem) : usual[engine];
}

function readItem(item: string): Named {
  const [, name = item, id, language] = /^([^=:]+)(?:=([^:]+))?(?::(.+))?$/.exec(item) ?? [];
  const [, inName] = /^([a-z]{2,3}-[A-Z]{2})-\w+/.exec(name) ?? [];
  return { name, id: id ?? name, language: language ?? inName ?? many, gender: 'unknown' };
}

function asVoice(engine: CloudEngine, { name, language, gender }: Named): Voice {
  const timing = engine === 'openai' ? 'aligned' : 'engine';
  return { engine, name, language, gender, timing, local: false, licence: terms[engine] };
}
