"""The TypeScript of an agent for Node, with marks where words of the persona's services go."""

from __future__ import annotations

HEAD = """\
// LiveKit agent for @ADDRESS@, with Tavus as its face.
//
// @GENERATED@; @SEAL@
// The export writes it again. What the tools do goes into tools.ts, which is yours. The settings are in
// settings.json; what LiveKit does otherwise than Tavus did is in NOT_CARRIED.md.

import { type JobContext, ServerOptions, cli, defineAgent, inference, llm, voice } from '@livekit/agents';
@IMPORTS@import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TavusAvatar } from './tavus.js';
import { HANDLERS, type Handler } from './tools.js';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Part = { service: string; arguments: { [name: string]: Json } };
type Schema = { name: string; description: string; parameters: { [name: string]: Json } };

interface Settings {
  agent_name: string;
  instructions: Json;
  greeting: Json;
  llm: Part;
  stt: Part;
  tts: Part;
  turnHandling: { [name: string]: { [name: string]: number | boolean } };
  keyterms: string[];
  avatar: { pal_id: Json; face_id?: Json };
  tools: Schema[];
  environment: string[];
}

const FILE = fileURLToPath(import.meta.url);
const HOME = basename(dirname(FILE)) === 'dist' ? dirname(dirname(FILE)) : dirname(FILE);

export const SETTINGS = JSON.parse(readFileSync(join(HOME, 'settings.json'), 'utf8')) as Settings;

/** `value` with the environment variable NAME in the place of each {"$env": NAME}; {"$literal": {...}} is data. */
export function resolve(value: Json): Json {
  if (Array.isArray(value)) return value.map(resolve);
  if (value === null || typeof value !== 'object') return value;
  const names = Object.keys(value);
  if (names.length === 1 && names[0] === '$env') {
    const name = String(value.$env);
    const found = process.env[name];
    if (!found) throw new Error(`the environment variable ${name} is not set`);
    return found;
  }
  const literal = names.length === 1 ? value.$literal : undefined;
  return Object.fromEntries(Object.entries(literal ?? value).map(([name, member]) => [name, resolve(member)]));
}

/** What the class of llm, stt or tts is called with; the settings are data, so nothing is known of their types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function options(part: 'llm' | 'stt' | 'tts'): any {
  return resolve(SETTINGS[part].arguments);
}

/** A handler for a tool that has none yet: the model is told so. */
function missing(name: string): Handler {
  return async () => {
    throw new llm.ToolError(`${name} is not available: it has no handler in tools.ts`);
  };
}

/** The persona's tools, with their JSON schemas and the handlers of tools.ts. */
export function buildTools() {
  return SETTINGS.tools.map(({ name, description, parameters }) =>
    llm.tool({ name, description, parameters, execute: HANDLERS.get(name) ?? missing(name) }),
  );
}

/** The persona's prompt and tools. */
export function buildAgent(): voice.Agent {
  return new voice.Agent({ instructions: String(resolve(SETTINGS.instructions)), tools: buildTools() });
}
"""
OWN_MODEL = """
/** A model at an address of one's own: headers, query and members of the body go along with each request. */
class OwnModel extends openai.LLM {
  #body: Record<string, unknown>;

  constructor({ headers, query, body, apiKey, baseURL, ...more }: ReturnType<typeof options>) {
    super({
      ...more,
      client: new OpenAI({ apiKey, baseURL, defaultHeaders: headers, defaultQuery: query, maxRetries: 0 }),
    });
    this.#body = body ?? {};
  }

  override chat(request: Parameters<openai.LLM['chat']>[0]) {
    return super.chat({ ...request, extraKwargs: { ...this.#body, ...request.extraKwargs } });
  }
}
"""
TAIL = """
/** Language model, ears, voice and turn taking. */
export function buildSession(): voice.AgentSession {
  return new voice.AgentSession({
    llm: @LLM@(options('llm')),
    stt: new inference.STT(options('stt')),
    tts: new @TTS@.TTS(options('tts')),
@OPTIONS@  });
}

/** The face. */
export function buildAvatar(): TavusAvatar {
  return new TavusAvatar(resolve(SETTINGS.avatar) as { pal_id: string; face_id?: string });
}

export default defineAgent({
  /** One conversation. The agent joins the rooms that it is dispatched to by its name. */
  entry: async (context: JobContext) => {
    await context.connect();
    const session = buildSession();
    await buildAvatar().start(session, context.room);
    await session.start({ agent: buildAgent(), room: context.room });
    if (SETTINGS.greeting) session.say(String(resolve(SETTINGS.greeting)));
  },
});

if (process.argv[1] && realpathSync(process.argv[1]) === FILE) {
  cli.runApp(new ServerOptions({ agent: FILE, agentName: SETTINGS.agent_name }));
}
"""
FACE = """\
// The face of the agent: a conversation of Tavus that joins the LiveKit room and shows what the agent says.
//
// @GENERATED@; @SEAL@
// npm has no plugin of Tavus for @livekit/agents (November 2026): this does what the one for Python does.

import { getJobContext, voice } from '@livekit/agents';
import { type Room, TrackKind } from '@livekit/rtc-node';
import { AccessToken } from 'livekit-server-sdk';
import { randomUUID } from 'node:crypto';

const API = 'https://tavusapi.com/v2';
const IDENTITY = 'tavus-avatar-agent';
const SAMPLE_RATE = 24000;
const ATTEMPTS = 4;
const PAUSE = 2000;
const TIMEOUT = 60_000;

/** An environment variable that has to be there. */
function required(name: string): string {
  const found = process.env[name];
  if (!found) throw new Error(`the environment variable ${name} is not set`);
  return found;
}

export class TavusAvatar extends voice.AvatarSession {
  conversationId?: string;
  readonly palId: string;
  readonly faceId?: string;

  constructor({ pal_id, face_id }: { pal_id: string; face_id?: string }) {
    super();
    this.palId = pal_id;
    if (face_id) this.faceId = face_id;
  }

  override get avatarIdentity(): string {
    return IDENTITY;
  }

  override get provider(): string {
    return 'tavus';
  }

  /** Call it before `start` of the session, in a room that is connected. */
  override async start(session: voice.AgentSession, room: Room): Promise<string> {
    await super.start(session, room);
    const identity = getJobContext(false)?.agent?.identity || room.localParticipant?.identity;
    if (!identity) throw new Error('the room is not connected: nobody to speak for');
    const url = required('LIVEKIT_URL');
    const token = new AccessToken(required('LIVEKIT_API_KEY'), required('LIVEKIT_API_SECRET'), {
      identity: IDENTITY,
      name: IDENTITY,
      attributes: { 'lk.publish_on_behalf': identity },
    });
    token.kind = 'agent';
    token.addGrant({ roomJoin: true, room: room.name ?? '' });
    this.conversationId = await this.#create({
      livekit_ws_url: url,
      livekit_room_token: await token.toJwt(),
    });
    session.output.audio = new voice.DataStreamAudioOutput({
      room,
      destinationIdentity: IDENTITY,
      sampleRate: SAMPLE_RATE,
      waitRemoteTrack: TrackKind.KIND_VIDEO,
    });
    return this.conversationId;
  }

  async #create(properties: Record<string, string>): Promise<string> {
    const body = JSON.stringify({
      pal_id: this.palId,
      ...(this.faceId ? { face_id: this.faceId } : {}),
      conversation_name: `lk_conversation_${randomUUID()}`,
      properties,
    });
    for (let attempt = 1; ; attempt += 1) {
      const answer = await fetch(`${API}/conversations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': required('TAVUS_API_KEY') },
        body,
        signal: AbortSignal.timeout(TIMEOUT),
      });
      if (answer.ok) return String(((await answer.json()) as { conversation_id: string }).conversation_id);
      const again = answer.status === 429 || answer.status >= 500;
      if (!again || attempt === ATTEMPTS) throw new Error(`Tavus answered ${answer.status}: ${await answer.text()}`);
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }
}
"""
HANDLERS_HEAD = """\
// What the tools of @ADDRESS@ do: yours to fill in.
//
// `reconciler export --target livekit --language node` made this file once and never writes it again. A tool that
// comes later needs an entry here. A handler gets the arguments as the model wrote them and returns what the model is
// to know: a text, a number, an object, or nothing.

import { llm } from '@livekit/agents';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Handler = (args: any, options: llm.ToolOptions) => Promise<unknown>;

export const HANDLERS = new Map<string, Handler>([
"""
