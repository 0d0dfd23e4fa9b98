/* The live feed: one WebSocket that comes back by itself and never skips a frame unnoticed.
 *
 * Frames are {type, sequence, first_sequence, data}; the first is a snapshot, and after a gap another one is asked for.
 * The page hears `feed:state` on document with {state: "connecting" | "live" | "lost"} and, from whoever knows it,
 * `quotes:age` with {seconds}.
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const SILENCE_MS = 45000; // the server says something every 20 s
const LOGGED_OUT = 4401;
const NO_SUCH_BOT = 4404;
const KEEP_ALIVE = new Set(["ping", "pong"]); // no news, and no number

const announce = (state) => document.dispatchEvent(new CustomEvent("feed:state", { detail: { state } }));

/** Age of the older quote now, and from which age on it counts as old. */
export const announceAge = (seconds, limit) =>
  document.dispatchEvent(new CustomEvent("quotes:age", { detail: { seconds, limit } }));

/** Of several venues: [{name, seconds}]. */
export const announceVenues = (venues) => document.dispatchEvent(new CustomEvent("quotes:venues", { detail: { venues } }));

export class Feed {
  /** `path` begins with "/"; `onSnapshot(data)` and `onFrame(frame)` get what arrives. */
  constructor(path, { onSnapshot, onFrame }) {
    this.url = new URL(path, window.location.href);
    this.url.protocol = this.url.protocol === "https:" ? "wss:" : "ws:";
    this.onSnapshot = onSnapshot;
    this.onFrame = onFrame;
    this.failures = 0;
    this.isClosed = false;
    this.retry = this.retry.bind(this);
    window.addEventListener("online", this.retry);
    document.addEventListener("feed:retry", this.retry);
    document.addEventListener("visibilitychange", this.retry);
    window.addEventListener("pagehide", () => this.drop());
    window.addEventListener("pageshow", (event) => event.persisted && this.retry());
    this.open();
  }

  open() {
    window.clearTimeout(this.timer);
    this.drop();
    if (this.isClosed) return;
    announce(this.failures ? "lost" : "connecting");
    this.last = null;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.listen();
    socket.onmessage = (event) => this.socket === socket && this.receive(JSON.parse(event.data));
    socket.onclose = (event) => this.socket === socket && this.ended(event.code);
  }

  receive(frame) {
    this.listen();
    if (frame.type === "snapshot") this.begin(frame);
    else if (!KEEP_ALIVE.has(frame.type)) this.take(frame);
  }

  begin(frame) {
    this.failures = 0;
    this.last = frame.sequence;
    announce("live");
    this.onSnapshot(frame.data);
  }

  /** Frames between a gap and the snapshot that heals it are skipped: the snapshot holds them. */
  take(frame) {
    if (this.last === null || frame.sequence <= this.last) return;
    if (this.last && (frame.first_sequence ?? frame.sequence) > this.last + 1) {
      this.last = null;
      this.socket.send(JSON.stringify({ type: "snapshot" }));
      return;
    }
    this.last = frame.sequence;
    this.onFrame(frame);
  }

  /** A silent socket is not trusted: after a while it is opened anew. */
  listen() {
    window.clearTimeout(this.silence);
    this.silence = window.setTimeout(() => this.again(), SILENCE_MS);
  }

  ended(code) {
    if (code === LOGGED_OUT) {
      this.close();
      window.location.reload();
    } else if (code === NO_SUCH_BOT) {
      this.close();
      announce("lost");
    } else {
      this.again();
    }
  }

  again() {
    this.drop();
    this.failures += 1;
    announce("lost");
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (this.failures - 1));
    this.timer = window.setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
  }

  retry() {
    if (!this.isClosed && !this.socket && document.visibilityState === "visible" && navigator.onLine) this.open();
  }

  drop() {
    window.clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  close() {
    this.isClosed = true;
    window.clearTimeout(this.timer);
    window.removeEventListener("online", this.retry);
    document.removeEventListener("feed:retry", this.retry);
    document.removeEventListener("visibilitychange", this.retry);
    this.drop();
  }
}
