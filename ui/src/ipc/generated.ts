// Generated from the Rust types by `npm run types`. Do not edit.

/**
 * What the caller can do about an error.
 */
export type Action = "retry" | "ask" | "fix" | "bug";

/**
 * Every cause that has a message of its own. The comment names the params that its message uses.
 */
export type ErrorCode = "host-invalid" | "host-not-found" | "host-linked" | "store-read-only" | "store-full" | "store-busy" | "store-failed" | "import-failed" | "export-failed" | "snippet-invalid" | "snippet-not-found" | "unresolvable" | "refused" | "unreachable" | "dial-timed-out" | "no-address-answered" | "proxy-unreachable" | "proxy-refused" | "proxy-auth" | "proxy-protocol" | "proxy-command-failed" | "jump-failed" | "jump-refused" | "jump-loop" | "config-unusable" | "not-ssh" | "silent-server" | "closed-in-handshake" | "no-common-algorithm" | "protocol" | "host-key-changed" | "host-key-revoked" | "host-key-rejected" | "host-key-unknown" | "known-hosts-unreadable" | "known-hosts-unwritable" | "trusted-key-moved" | "auth-refused" | "auth-nothing-to-try" | "auth-tries-exceeded" | "password-unanswered" | "certificate-expired" | "certificate-principal" | "key-unreadable" | "key-unknown-type" | "key-encrypted" | "passphrase-wrong" | "agent-unavailable" | "key-exists" | "key-unwritable" | "key-install-failed" | "key-not-accepted" | "cancelled" | "prompt-timed-out" | "keyring-unavailable" | "keyring-locked" | "channel-refused" | "pty-refused" | "shell-refused" | "connection-reset" | "connection-closed" | "connection-broken" | "exec-refused" | "exec-outcome-unknown" | "exec-output-too-large" | "connection-lost" | "connection-silent" | "terminal-not-found" | "local-shell-failed" | "capture-failed" | "recording-full" | "recording-unusable" | "builtin-failed" | "link-refused" | "internal";

/**
 * An [`Error`] as the window gets it.
 */
export type Problem = { code: ErrorCode, action: Action, message: string, params: { [key in string]: string }, };

/**
 * A random name (UUID v4) that stays with a host for its life.
 */
export type HostId = string;

/**
 * How the person wants to log in.
 */
export type AuthMethod = "automatic" | "password" | "key" | "agent" | "keyboard-interactive";

/**
 * Which kinds of address are tried (AddressFamily of ssh_config(5)).
 */
export type AddressFamily = "any" | "v4" | "v6";

/**
 * What the shells of a host live in, so that they outlive a lost connection.
 */
export type Multiplexer = "none" | "tmux" | "screen";

/**
 * Why a connection was lost, in a few words each.
 */
export type SeamCauses = { reset: string, closed: string, broken: string, silent: string, lost: string, };

/**
 * What a seam says, in the person's language: the engine has none. `{lost}` and `{back}` are times, `{cause}` is one of
 * `causes`, and `{program}` is tmux or screen.
 */
export type SeamWords = { newShell: string, sameShell: string, 
/**
 * Said above the plain shell of a host that was to live in tmux or screen and has none.
 */
noMultiplexer: string, causes: SeamCauses, };

/**
 * What a host may have beyond an address and a login. Never a secret.
 */
export type HostOptions = { 
/**
 * Jump hosts, the nearest first, with commas between them: names or addresses of saved hosts, or `user@host:port`.
 */
jump: string, 
/**
 * `socks5://user@host:port` or `http://user@host:port`.
 */
proxy: string, 
/**
 * Its standard input and output are the connection. `%h`, `%n`, `%p`, `%r` and `%%` are tokens of ssh_config(5).
 */
proxyCommand: string, addressFamily: AddressFamily, 
/**
 * The address of this machine to dial from; empty means any.
 */
bindAddress: string, 
/**
 * For each address; the default is 8.
 */
connectTimeoutSeconds: number | null, 
/**
 * Commands on the host may use the person's SSH agent (ForwardAgent of ssh_config(5)).
 */
forwardAgent: boolean, 
/**
 * Typed into each new shell of the host; empty means nothing. It is sent as it stands, so it is no place for a password.
 */
startupCommand: string, multiplexer: Multiplexer, 
/**
 * A new shell is taught to say where commands begin and end: see `terminal/integration.rs`.
 */
shellIntegration: boolean, 
/**
 * Every terminal is written to a transcript from its beginning.
 */
transcript: boolean, };

/**
 * What the host form holds. Never a secret: passwords travel beside it.
 */
export type HostDraft = { 
/**
 * Shown name; empty means the address.
 */
label: string, 
/**
 * Name of the group; empty means none.
 */
group: string, 
/**
 * A name, an IPv4 or an IPv6 address (without brackets).
 */
address: string, port: number, 
/**
 * Empty means the local user's name.
 */
user: string, auth: AuthMethod, 
/**
 * Path of a private key; `~` is the home folder. Empty means none.
 */
keyPath: string, 
/**
 * The way to it, if it is not the direct one.
 */
options?: HostOptions, };

/**
 * Where a linked host is written down.
 */
export type LinkedFrom = { path: string, 
/**
 * Of its `Host` line, counted from 1.
 */
line: number, };

/**
 * A saved host.
 */
export type Host = { id: HostId, 
/**
 * The host that Bowline runs itself; it has no address of its own and cannot be edited.
 */
builtin: boolean, 
/**
 * A password for it lies in the OS keyring.
 */
hasPassword: boolean, 
/**
 * It stands in an ssh_config, is shown as it stands there, and is changed there. None for a saved host.
 */
linked: LinkedFrom | null, 
/**
 * Shown name; empty means the address.
 */
label: string, 
/**
 * Name of the group; empty means none.
 */
group: string, 
/**
 * A name, an IPv4 or an IPv6 address (without brackets).
 */
address: string, port: number, 
/**
 * Empty means the local user's name.
 */
user: string, auth: AuthMethod, 
/**
 * Path of a private key; `~` is the home folder. Empty means none.
 */
keyPath: string, 
/**
 * The way to it, if it is not the direct one.
 */
options?: HostOptions, };

/**
 * Everything that the sidebar shows.
 */
export type HostList = { 
/**
 * In the order of the sidebar: by group, then by name.
 */
hosts: Array<Host>, 
/**
 * Names of all groups in order; a group without hosts can be among them.
 */
groups: Array<string>, };

/**
 * Something about the saved hosts that the person has to know.
 */
export type StoreNotice = { "kind": "damaged", keptAs: string, restoredFrom: string | null, } | { "kind": "newer", keptAs: string, version: number, } | { "kind": "read-only", path: string, problem: Problem, };

export type HostField = "label" | "group" | "address" | "port" | "user" | "keyPath" | "jump" | "proxy" | "proxyCommand" | "bindAddress" | "connectTimeoutSeconds" | "startupCommand";

/**
 * Why a field is not acceptable; the window has a sentence for each.
 */
export type ProblemKind = "required" | "too-long" | "leading-dash" | "control-character" | "whitespace" | "shell-character" | "user-in-address" | "port-in-address" | "brackets-in-address" | "port-range" | "file-missing" | "file-unreadable" | "not-a-private-key" | "jump-form" | "proxy-form" | "password-in-proxy" | "unknown-token" | "second-route" | "not-an-address" | "time-range";

export type FieldProblem = { field: HostField, problem: ProblemKind, };

/**
 * One `Host` block that names a machine.
 */
export type ImportCandidate = { 
/**
 * The name in the `Host` line.
 */
alias: string, draft: HostDraft, 
/**
 * Keywords of its block that Bowline does not act on yet, named so that nothing is dropped in silence.
 */
ignored: Array<string>, 
/**
 * A saved host with this name exists already.
 */
saved: boolean, };

export type ImportPreview = { path: string, candidates: Array<ImportCandidate>, 
/**
 * Lines that could not be understood: `line 12: missing argument`.
 */
problems: Array<string>, };

/**
 * What becomes of a host's kept password when the form is saved.
 */
export type PasswordChange = { "kind": "keep" } | { "kind": "forget" } | { "kind": "set", secret: string, };

/**
 * A password, passphrase or answer. It is wiped when dropped, and neither `Debug` nor `Serialize` can show it.
 */
export type Secret = string;

/**
 * A key in a file, as a person chooses one.
 */
export type KeyInfo = { 
/**
 * Of the private key; under the home folder it begins with `~`.
 */
path: string, 
/**
 * `ssh-ed25519` and so on.
 */
algorithm: string, 
/**
 * `SHA256:...`
 */
fingerprint: string, comment: string, encrypted: boolean, };

/**
 * What came of installing a key. Either way a login with it has been tried, and worked.
 */
export type InstallOutcome = "installed" | "already-there";

/**
 * A host key as a person compares it.
 */
export type KeyPicture = { 
/**
 * `ssh-ed25519` and so on.
 */
algorithm: string, 
/**
 * `SHA256:...`
 */
fingerprint: string, 
/**
 * OpenSSH's drawing of the fingerprint, lines with their frame.
 */
randomart: string, };

/**
 * A key that known_hosts has for a host.
 */
export type KnownKey = { algorithm: string, fingerprint: string, path: string, 
/**
 * Counted from 1.
 */
line: number, };

/**
 * One field of a keyboard-interactive question. The text is from the server, with control characters made visible.
 */
export type InteractiveField = { text: string, 
/**
 * Whether what is typed may be seen.
 */
echo: boolean, };

/**
 * Why a certificate counts for nothing. The key in it may still be trusted as a plain key.
 */
export type CertificateFault = "unknown-authority" | "not-for-hosts" | "not-yet-valid" | "expired" | "other-hosts" | "critical-options" | "weak-signature" | "bad-signature";

/**
 * What is asked.
 */
export type Question = { "kind": "host-key-unknown", key: KeyPicture, 
/**
 * Other names under which known_hosts has this very key.
 */
knownAs: Array<string>, 
/**
 * The host showed a certificate, and this is why it does not count.
 */
certificate: CertificateFault | null, } | { "kind": "host-key-changed", key: KeyPicture, known: Array<KnownKey>, } | { "kind": "password", user: string, 
/**
 * Counted from 1; above 1 the one before was refused.
 */
attempt: number, 
/**
 * The one before was the kept one.
 */
keptRefused: boolean, } | { "kind": "passphrase", keyPath: string, attempt: number, } | { "kind": "interactive", user: string, name: string, instructions: string, fields: Array<InteractiveField>, } | { "kind": "touch", key: string, seconds: number, } | { "kind": "add-to-agent", keyPath: string, } | { "kind": "run-command", 
/**
 * All of it, with control characters made visible.
 */
command: string, 
/**
 * Where it is written down, such as a file and its line; empty for the host's own settings.
 */
source: string, };

/**
 * A question as the window shows it.
 */
export type Prompt = { id: number, 
/**
 * None for a host that is only being tried out in the form.
 */
hostId: HostId | null, 
/**
 * The host's shown name.
 */
host: string, 
/**
 * `address` or `[address]:port`.
 */
address: string, 
/**
 * What the server said before the question (its banner), with control characters made visible.
 */
banner: string | null, question: Question, 
/**
 * Whether "remember" can be offered: the OS keyring answers.
 */
canRemember: boolean, };

/**
 * What the person answered.
 */
export type Answer = { "kind": "cancel" } | { "kind": "trust", always: boolean, } | { "kind": "replace-key", typed: string, } | { "kind": "secret", secret: string, remember: boolean, } | { "kind": "allow", always: boolean, } | { "kind": "fields", values: string[], };

/**
 * The class of a failure, for the timeline and for telemetry.
 */
export type Cause = "refused" | "timed-out" | "reset" | "broken-pipe" | "closed-by-peer" | "unresolvable" | "host-key" | "auth" | "protocol" | "local";

/**
 * The state of a host's connection as a person sees it.
 *
 * Times are milliseconds since the Unix epoch.
 */
export type ConnectionState = { "state": "idle" } | { "state": "dialing", attempt: number, } | { "state": "authenticating" } | { "state": "up" } | { "state": "suspect", sinceMs: number, } | { "state": "down", cause: Cause, problem: Problem, 
/**
 * Tries that failed in a row.
 */
attempt: number, retryAtMs: number | null, } | { "state": "tripped", cause: Cause, problem: Problem, attempt: number, retryAtMs: number, } | { "state": "halted", cause: Cause, problem: Problem, };

/**
 * A host's connection in one snapshot; sent whenever it changes.
 */
export type ConnectionView = { hostId: HostId, 
/**
 * The last measured round trip in milliseconds.
 */
roundTripMs: number | null, 
/**
 * Milliseconds since the Unix epoch at which the server was last heard.
 */
lastHeardMs: number | null, 
/**
 * `aes128-gcm@openssh.com` and so on.
 */
cipher: string | null, 
/**
 * The server's identification, such as `OpenSSH_9.2p1 Debian-2`.
 */
server: string | null, terminals: number, 
/**
 * Connections that the host has just now.
 */
lanes: number, } & ({ "state": "idle" } | { "state": "dialing", attempt: number, } | { "state": "authenticating" } | { "state": "up" } | { "state": "suspect", sinceMs: number, } | { "state": "down", cause: Cause, problem: Problem, 
/**
 * Tries that failed in a row.
 */
attempt: number, retryAtMs: number | null, } | { "state": "tripped", cause: Cause, problem: Problem, attempt: number, retryAtMs: number, } | { "state": "halted", cause: Cause, problem: Problem, });

/**
 * What a connection is for.
 */
export type LaneKind = "interactive";

/**
 * One measured round trip: a keepalive and its reply.
 */
export type RoundTrip = { 
/**
 * Milliseconds since the Unix epoch.
 */
atMs: number, ms: number, };

/**
 * One connection of a host. Times are milliseconds since the Unix epoch, rates bytes per second over the last second.
 */
export type LaneHealth = { 
/**
 * A number that names the connection while the app runs; never used twice.
 */
id: number, kind: LaneKind, upSinceMs: number, suspect: boolean, 
/**
 * The address that was reached, with its port.
 */
address: string | null, 
/**
 * Oldest first, at most [`ROUND_TRIPS_KEPT`].
 */
roundTrips: Array<RoundTrip>, roundTripP95Ms: number | null, lastHeardMs: number, receivedBytes: number, sentBytes: number, receivedPerSecond: number, sentPerSecond: number, 
/**
 * TCP segments that were sent again, where the system says so.
 */
retransmits: number | null, keyExchange: string | null, hostKey: string | null, cipher: string | null, 
/**
 * None where the cipher authenticates by itself.
 */
mac: string | null, 
/**
 * The server's identification.
 */
server: string | null, 
/**
 * When the keys were last exchanged.
 */
keyedMs: number, sessions: number, 
/**
 * How many sessions it may have; less than 8 once the server has refused one.
 */
sessionsMax: number, };

/**
 * What happened.
 */
export type TimelineEvent = { "event": "dialing", attempt: number, } | { "event": "up", attempt: number, } | { "event": "suspect" } | { "event": "heard" } | { "event": "down", cause: Cause, problem: Problem, 
/**
 * Milliseconds until the next try; none if nobody waits for it.
 */
retryInMs: number | null, } | { "event": "tripped", cause: Cause, problem: Problem, retryInMs: number, } | { "event": "halted", cause: Cause, problem: Problem, } | { "event": "closed" } | { "event": "lane-opened", lanes: number, } | { "event": "lane-closed", lanes: number, } | { "event": "retry-asked" } | { "event": "given-up" } | { "event": "woke", sleptMs: number, } | { "event": "network-changed" };

/**
 * One line of the timeline.
 */
export type TimelineEntry = { 
/**
 * Counts from 1 while the app runs.
 */
number: number, 
/**
 * Milliseconds since the Unix epoch.
 */
atMs: number, 
/**
 * None for what concerns the whole machine.
 */
hostId: HostId | null, 
/**
 * How long the state before lasted, in milliseconds.
 */
lastedMs: number | null, } & ({ "event": "dialing", attempt: number, } | { "event": "up", attempt: number, } | { "event": "suspect" } | { "event": "heard" } | { "event": "down", cause: Cause, problem: Problem, 
/**
 * Milliseconds until the next try; none if nobody waits for it.
 */
retryInMs: number | null, } | { "event": "tripped", cause: Cause, problem: Problem, retryInMs: number, } | { "event": "halted", cause: Cause, problem: Problem, } | { "event": "closed" } | { "event": "lane-opened", lanes: number, } | { "event": "lane-closed", lanes: number, } | { "event": "retry-asked" } | { "event": "given-up" } | { "event": "woke", sleptMs: number, } | { "event": "network-changed" });

/**
 * A number that names a terminal while the app runs; never used twice.
 */
export type TerminalId = number;

/**
 * Columns and rows, in cells. Never below 10 x 3 on the wire.
 */
export type TerminalSize = { cols: number, rows: number, };

/**
 * How a terminal ended.
 */
export type TerminalEnd = { "how": "exited", status: number, } | { "how": "signalled", signal: string, coreDumped: boolean, message: string, } | { "how": "closed" } | { "how": "failed", problem: Problem, };

export type TerminalState = { "state": "opening" } | { "state": "running" } | { "state": "waiting", problem: Problem, 
/**
 * Milliseconds since the Unix epoch.
 */
sinceMs: number, } | { "state": "ended", end: TerminalEnd, };

/**
 * What a terminal says of itself besides its output, so that a tab that shows no output says it too.
 */
export type TerminalFacts = { 
/**
 * What the program calls itself, as it came.
 */
title: string, 
/**
 * How often the bell rang.
 */
bells: number, };

export type TerminalView = { id: TerminalId, hostId: HostId, } & ({ "state": "opening" } | { "state": "running" } | { "state": "waiting", problem: Problem, 
/**
 * Milliseconds since the Unix epoch.
 */
sinceMs: number, } | { "state": "ended", end: TerminalEnd, }) & { 
/**
 * What the program calls itself, as it came.
 */
title: string, 
/**
 * How often the bell rang.
 */
bells: number, };

/**
 * The files that a terminal is written to now.
 */
export type CaptureView = { id: TerminalId, 
/**
 * The file, while it is written.
 */
transcript: string | null, recording: string | null, 
/**
 * Why one of them has just ended by itself.
 */
problem: Problem | null, };

/**
 * What a person does with a recording.
 */
export type PlaybackCommand = { "do": "play" } | { "do": "pause" } | { "do": "seek", positionMs: number, } | { "do": "speed", factor: number, } | { "do": "skip-pauses", on: boolean, };

/**
 * Where a recording is.
 */
export type PlaybackState = { playing: boolean, positionMs: number, 
/**
 * With or without its pauses.
 */
lengthMs: number, speed: number, skipsPauses: boolean, 
/**
 * The size that the terminal has to have.
 */
size: TerminalSize, 
/**
 * What it is called by whoever recorded it; may be empty.
 */
title: string, };

export type PlaybackView = { id: TerminalId, playing: boolean, positionMs: number, 
/**
 * With or without its pauses.
 */
lengthMs: number, speed: number, skipsPauses: boolean, 
/**
 * The size that the terminal has to have.
 */
size: TerminalSize, 
/**
 * What it is called by whoever recorded it; may be empty.
 */
title: string, };

/**
 * A command that ran for a while and has ended.
 */
export type LongCommand = { 
/**
 * Counts the commands of a terminal: the same number is the same command.
 */
number: number, 
/**
 * As it was typed, cut to 80 characters; empty if it was not on the screen.
 */
text: string, 
/**
 * What the shell says; none if it says nothing.
 */
status: number | null, seconds: number, };

/**
 * What is known about the shell in a terminal.
 */
export type ShellFacts = { 
/**
 * Its directory as a path, if it says it.
 */
directory: string | null, 
/**
 * The command that ended last, of those that ran for at least ten seconds.
 */
ended: LongCommand | null, };

export type ShellView = { id: TerminalId, hostId: HostId, 
/**
 * Its directory as a path, if it says it.
 */
directory: string | null, 
/**
 * The command that ended last, of those that ran for at least ten seconds.
 */
ended: LongCommand | null, };

/**
 * What a transfer is about.
 */
export type TransferDirection = "receive" | "send";

/**
 * Where the transfer in a terminal is.
 */
export type TransferState = { "phase": "none" } | { "phase": "offered", direction: TransferDirection, } | { "phase": "running", direction: TransferDirection, 
/**
 * The file under way, without characters that cannot be seen.
 */
name: string, bytes: number, 
/**
 * What the other side says; 0 when it does not.
 */
size: number, filesDone: number, } | { "phase": "done", direction: TransferDirection, files: number, 
/**
 * Where received files lie.
 */
folder: string | null, } | { "phase": "failed", direction: TransferDirection, 
/**
 * Nothing if it was cancelled.
 */
cause: string | null, files: number, };

export type TransferView = { id: TerminalId, } & ({ "phase": "none" } | { "phase": "offered", direction: TransferDirection, } | { "phase": "running", direction: TransferDirection, 
/**
 * The file under way, without characters that cannot be seen.
 */
name: string, bytes: number, 
/**
 * What the other side says; 0 when it does not.
 */
size: number, filesDone: number, } | { "phase": "done", direction: TransferDirection, files: number, 
/**
 * Where received files lie.
 */
folder: string | null, } | { "phase": "failed", direction: TransferDirection, 
/**
 * Nothing if it was cancelled.
 */
cause: string | null, files: number, });

/**
 * The steps from a host to a shell, in order.
 */
export type TestStep = "resolve" | "connect" | "host-key" | "authenticate" | "shell";

/**
 * What became of a step.
 */
export type TestOutcome = { "outcome": "started" } | { "outcome": "passed", detail: string, ms: number, } | { "outcome": "failed", problem: Problem, ms: number, };

export type TestProgress = { step: TestStep, } & ({ "outcome": "started" } | { "outcome": "passed", detail: string, ms: number, } | { "outcome": "failed", problem: Problem, ms: number, });

/**
 * A random name (UUID v4) that stays with a snippet for its life.
 */
export type SnippetId = string;

/**
 * What the form of a snippet holds. Never meant for a secret: it lies in plain text beside the hosts.
 */
export type SnippetDraft = { name: string, 
/**
 * Lines end with LF.
 */
text: string, 
/**
 * Whether Enter is pressed behind it.
 */
pressEnter: boolean, };

export type Snippet = { id: SnippetId, name: string, 
/**
 * Lines end with LF.
 */
text: string, 
/**
 * Whether Enter is pressed behind it.
 */
pressEnter: boolean, };

/**
 * A snippet in a list, without its whole text.
 */
export type SnippetEntry = { id: SnippetId, name: string, pressEnter: boolean, 
/**
 * The beginning of its text, in one line.
 */
beginning: string, lines: number, };

/**
 * What a line is besides a trusted key.
 */
export type KeyMarker = "cert-authority" | "revoked";

/**
 * A line of a known_hosts file, as the page shows it.
 */
export type TrustedKey = { file: string, 
/**
 * Counted from 1.
 */
line: number, 
/**
 * Names and patterns, made visible. Of a hashed line those of the person's hosts that it turns out to mean, if any.
 */
names: Array<string>, 
/**
 * The name stands there as a hash: it can be tried, but not read.
 */
hashed: boolean, marker: KeyMarker | null, 
/**
 * `ssh-ed25519` and so on.
 */
algorithm: string, 
/**
 * `SHA256:...`
 */
fingerprint: string, comment: string, 
/**
 * Whether the file is the person's own, so that the line can be taken out.
 */
writable: boolean, };

/**
 * What was found.
 */
export type TrustedKeys = { 
/**
 * At most 1000, in the order of the files.
 */
keys: Array<TrustedKey>, 
/**
 * How many were found in all.
 */
found: number, 
/**
 * How many there are without a search.
 */
total: number, };

export type ConfigNoteKind = "unsupported" | "problem" | "declined";

/**
 * One line, with control characters made visible.
 */
export type ConfigNote = { 
/**
 * None if it is about no keyword.
 */
keyword: string | null, 
/**
 * What the line says; for a problem, what is wrong with it; for a declined command, the command.
 */
value: string, 
/**
 * File and line.
 */
place: string, kind: ConfigNoteKind, };

/**
 * What a connection to a host found in ssh_config and did not do. Told once in a run for the same host and content.
 */
export type ConfigNotes = { hostId: HostId, notes: Array<ConfigNote>, };

export type WorkspaceTab = { 
/**
 * As it is called in the layout.
 */
id: string, host: HostId, 
/**
 * A name that a person gave.
 */
name: string | null, 
/**
 * What it shows, in this run of the app.
 */
terminal: TerminalId | null, 
/**
 * Under which name what it shows is kept. The engine fills it in.
 */
kept: string | null, 
/**
 * What else the window knows of the tab.
 */
facts: Record<string, unknown>, };

/**
 * What is open in a window. Fields of a newer Bowline are kept as they are.
 */
export type Workspace = { version: number, 
/**
 * Splits, sizes and order, as the window has them.
 */
layout: unknown, tabs: Array<WorkspaceTab>, 
/**
 * When it was kept, in milliseconds since the Unix epoch. The engine fills it in.
 */
savedAtMs: number, };

/**
 * What a window needs to show what is open, or to offer what was.
 */
export type WorkspaceState = { 
/**
 * Of this run: for a window that starts anew.
 */
current: Workspace | null, 
/**
 * Every terminal that there is, the ended ones that are still shown too.
 */
terminals: Array<TerminalView>, 
/**
 * Of the run before, until it is brought back or put away.
 */
last: Workspace | null, };

/**
 * What became of what a terminal had shown.
 */
export type KeptScrollback = "back" | "none" | "lost";

export type BroughtBack = { terminal: TerminalId, scrollback: KeptScrollback, };

/**
 * Whether passwords can be kept.
 */
export type KeyringState = { "state": "ready" } | { "state": "unusable", problem: Problem, };

/**
 * What a window needs to know once, at its start.
 */
export type Overview = { version: string, 
/**
 * `linux`, `macos` or `windows`.
 */
platform: string, 
/**
 * The local user's name: what an empty user field means.
 */
localUser: string, hosts: HostList, connections: Array<ConnectionView>, terminals: Array<TerminalView>, 
/**
 * Of terminals that are written to files.
 */
captures: Array<CaptureView>, 
/**
 * Of terminals that play recordings.
 */
playbacks: Array<PlaybackView>, shells: Array<ShellView>, 
/**
 * Of terminals in which files are transferred.
 */
transfers: Array<TransferView>, timeline: Array<TimelineEntry>, prompts: Array<Prompt>, storeNotices: Array<StoreNotice>, keyring: KeyringState, 
/**
 * Hosts in the person's ~/.ssh/config that are not saved here yet.
 */
importable: number, };

/**
 * One piece of news for the window.
 */
export type EngineEvent = { "type": "hosts", "data": HostList } | { "type": "connection", "data": ConnectionView } | { "type": "terminal", "data": TerminalView } | { "type": "capture", "data": CaptureView } | { "type": "playback", "data": PlaybackView } | { "type": "shell", "data": ShellView } | { "type": "transfer", "data": TransferView } | { "type": "timeline", "data": TimelineEntry } | { "type": "prompt", "data": Prompt } | { "type": "prompt-gone", "data": number } | { "type": "config-notes", "data": ConfigNotes };

export const ERROR_CODES: readonly ErrorCode[] = [
  "host-invalid",
  "host-not-found",
  "host-linked",
  "store-read-only",
  "store-full",
  "store-busy",
  "store-failed",
  "import-failed",
  "export-failed",
  "snippet-invalid",
  "snippet-not-found",
  "unresolvable",
  "refused",
  "unreachable",
  "dial-timed-out",
  "no-address-answered",
  "proxy-unreachable",
  "proxy-refused",
  "proxy-auth",
  "proxy-protocol",
  "proxy-command-failed",
  "jump-failed",
  "jump-refused",
  "jump-loop",
  "config-unusable",
  "not-ssh",
  "silent-server",
  "closed-in-handshake",
  "no-common-algorithm",
  "protocol",
  "host-key-changed",
  "host-key-revoked",
  "host-key-rejected",
  "host-key-unknown",
  "known-hosts-unreadable",
  "known-hosts-unwritable",
  "trusted-key-moved",
  "auth-refused",
  "auth-nothing-to-try",
  "auth-tries-exceeded",
  "password-unanswered",
  "certificate-expired",
  "certificate-principal",
  "key-unreadable",
  "key-unknown-type",
  "key-encrypted",
  "passphrase-wrong",
  "agent-unavailable",
  "key-exists",
  "key-unwritable",
  "key-install-failed",
  "key-not-accepted",
  "cancelled",
  "prompt-timed-out",
  "keyring-unavailable",
  "keyring-locked",
  "channel-refused",
  "pty-refused",
  "shell-refused",
  "connection-reset",
  "connection-closed",
  "connection-broken",
  "exec-refused",
  "exec-outcome-unknown",
  "exec-output-too-large",
  "connection-lost",
  "connection-silent",
  "terminal-not-found",
  "local-shell-failed",
  "capture-failed",
  "recording-full",
  "recording-unusable",
  "builtin-failed",
  "link-refused",
  "internal",
]

/** Every command with its arguments and its result. A refused call rejects with a `Problem`. */
export type Commands = {
  /** Everything a window needs at its start. */
  overview: { args: Record<string, never>; result: Overview }
  hosts: { args: Record<string, never>; result: HostList }
  /** What is wrong with a draft, field by field; empty means acceptable. Called as one types. */
  host_check: { args: { draft: HostDraft }; result: Array<FieldProblem> }
  host_create: { args: { draft: HostDraft; password: PasswordChange }; result: Host }
  host_update: { args: { id: HostId; draft: HostDraft; password: PasswordChange }; result: Host }
  host_duplicate: { args: { id: HostId }; result: Host }
  host_delete: { args: { id: HostId }; result: null }
  /** Brings a deleted host back (undo), with its password. */
  host_restore: { args: { id: HostId }; result: Host }
  host_move: { args: { id: HostId; group: string }; result: Host }
  /** Ends every terminal of the host and its connection. */
  host_disconnect: { args: { id: HostId }; result: null }
  /** How each connection of the host is doing; ask about once a second while it is shown. */
  host_health: { args: { id: HostId }; result: Array<LaneHealth> }
  /** Tries to connect now instead of at the end of the wait. */
  host_retry: { args: { id: HostId }; result: null }
  /** Stops waiting for the host: its terminals end, what they showed stays. */
  host_give_up: { args: { id: HostId }; result: null }
  group_rename: { args: { from: string; to: string }; result: null }
  import_preview: { args: Record<string, never>; result: ImportPreview }
  import_apply: { args: { aliases: Array<string> }; result: Array<Host> }
  /** Stops a running host_test. */
  host_test_cancel: { args: Record<string, never>; result: null }
  /** The private keys of ~/.ssh, by name. */
  keys_list: { args: Record<string, never>; result: Array<KeyInfo> }
  /** Makes an Ed25519 key pair. Nothing is overwritten. */
  key_generate: { args: { path: string; comment: string; passphrase: Secret | null }; result: KeyInfo }
  /** Lets the person log in to a host with a key from now on, and tries it out. */
  key_install: { args: { host: HostId; path: string }; result: InstallOutcome }
  prompt_answer: { args: { id: number; answer: Answer }; result: null }
  /** Gives back credit: bytes that xterm.js has parsed (from its write callback). */
  terminal_ack: { args: { id: TerminalId; bytes: number }; result: null }
  terminal_resize: { args: { id: TerminalId; size: TerminalSize }; result: null }
  /** Nobody looks at the terminal any more; it goes on. An attachment that was replaced meanwhile is gone already. */
  terminal_detach: { args: { id: TerminalId; attachment: number }; result: null }
  /** Opens another shell below what the one that ended showed. */
  terminal_reopen: { args: { id: TerminalId }; result: null }
  /** Forgets what is above the line with the cursor, as xterm.js does by itself. */
  terminal_clear: { args: { id: TerminalId }; result: null }
  /** Takes back modes, colours and the like that a program has left behind; what is on the screen stays. */
  terminal_reset: { args: { id: TerminalId }; result: null }
  /** How many lines every terminal keeps above its screen, now and from now on. */
  terminal_scrollback: { args: { lines: number }; result: null }
  /** What the line between a lost shell and the next one says, in the person's language. */
  terminal_words: { args: { words: SeamWords }; result: null }
  /** Ends the terminal, its channel and the session of tmux or screen that it lives in, and forgets what it showed. */
  terminal_close: { args: { id: TerminalId }; result: null }
  /** The lines of known_hosts that a search finds, hashed names by a whole host name; an empty one finds all. */
  trusted_keys: { args: { search: string }; result: TrustedKeys }
  /** Takes a line out, if it still has that key; the number undoes it. */
  trusted_key_remove: { args: { file: string; line: number; fingerprint: string }; result: number }
  /** Puts a line back that was taken out since the start. */
  trusted_key_restore: { args: { removal: number }; result: null }
  /** What is open and what was: a page that starts anew shows the first, a new run offers the second. */
  workspace: { args: Record<string, never>; result: WorkspaceState }
  /** Keeps what is open now; call it a moment after each change. */
  workspace_save: { args: { workspace: Workspace }; result: null }
  /** Whether anything is kept beyond this run; otherwise what was kept is removed. */
  workspace_keep: { args: { keep: boolean }; result: null }
  /** The last workspace was brought back, or is not wanted. */
  workspace_forget_last: { args: Record<string, never>; result: null }
  /** Opens a terminal of the last workspace anew, below what it showed; `attachTerminal` shows it. */
  terminal_bring_back: { args: { host: HostId; kept: string | null; size: TerminalSize }; result: BroughtBack }
  /** Begins or ends a transcript: every byte of the terminal's output, in a file of the capture folder. */
  terminal_transcript: { args: { id: TerminalId; on: boolean }; result: null }
  /** Begins or ends a recording in the capture folder. */
  terminal_record: { args: { id: TerminalId; on: boolean }; result: null }
  /** Plays, pauses or moves a recording that is open as a terminal. */
  playback: { args: { id: TerminalId; command: PlaybackCommand }; result: null }
  /** Refuses the transfer that the host offers, or ends the one under way. */
  transfer_cancel: { args: { id: TerminalId }; result: null }
  /** Where transcripts and recordings lie. */
  capture_folder: { args: Record<string, never>; result: string }
  /** A native file picker for a recording; null when dismissed. */
  pick_recording: { args: Record<string, never>; result: string | null }
  /** Asks for the folder of transcripts and recordings and keeps it; null when dismissed. */
  pick_capture_folder: { args: Record<string, never>; result: string | null }
  /** Asks for a folder, and saves there what the host offers; null when dismissed, and the offer stays. */
  transfer_pick_folder: { args: { id: TerminalId }; result: string | null }
  /** Asks for files, and sends them to the host that waits for some; how many, or null when dismissed. */
  transfer_pick_files: { args: { id: TerminalId }; result: number | null }
  /** Opens the folder of transcripts and recordings, which is made if need be. */
  reveal_capture_folder: { args: Record<string, never>; result: null }
  /** Those that a search finds in name or text, by name; an empty one finds all. */
  snippets: { args: { search: string }; result: Array<SnippetEntry> }
  /** One with its whole text. */
  snippet: { args: { id: SnippetId }; result: Snippet }
  snippet_create: { args: { draft: SnippetDraft }; result: Snippet }
  snippet_update: { args: { id: SnippetId; draft: SnippetDraft }; result: Snippet }
  snippet_delete: { args: { id: SnippetId }; result: null }
  /** Brings one back that was deleted in this run (undo). */
  snippet_restore: { args: { id: SnippetId }; result: Snippet }
  /** A native file picker for a private key; null when dismissed. */
  pick_key_file: { args: Record<string, never>; result: string | null }
  /** Asks where, and writes what happened to the connections there, one JSON object in each line; null when dismissed. */
  timeline_save: { args: Record<string, never>; result: string | null }
  /** Shows a notification of the desktop. One that cannot be shown (no service, not allowed) is refused. */
  notify: { args: { title: string; body: string }; result: null }
  /** Opens an http(s) link in the person's browser; anything else is refused. */
  open_link: { args: { url: string }; result: null }
  /** The monospaced font families that are installed; empty where the system has no list of them. */
  font_families: { args: Record<string, never>; result: Array<string> }
  /** Whether a screen reader runs, where the desktop tells; false elsewhere. */
  screen_reader_running: { args: Record<string, never>; result: boolean }
  /** Opens the folder that holds Bowline's files (after a store notice). */
  reveal_data_folder: { args: Record<string, never>; result: null }
  /** Sets the language of the native menu ("en" or "zh-CN"). */
  menu_language: { args: { language: string }; result: null }
  /** Shows or hides the menu bar, where the window has one. */
  menu_visible: { args: { visible: boolean }; result: null }
}
