// Generated from the Rust types by `npm run types`. Do not edit.

/**
 * What the caller can do about an error.
 */
export type Action = "retry" | "ask" | "fix" | "bug";

/**
 * Every cause that has a message of its own. The comment names the params that its message uses.
 */
export type ErrorCode = "host-invalid" | "host-not-found" | "host-linked" | "store-read-only" | "store-full" | "store-busy" | "store-failed" | "import-failed" | "export-failed" | "snippet-invalid" | "snippet-not-found" | "unresolvable" | "refused" | "unreachable" | "dial-timed-out" | "no-address-answered" | "proxy-unreachable" | "proxy-refused" | "proxy-auth" | "proxy-protocol" | "proxy-command-failed" | "jump-failed" | "jump-refused" | "jump-loop" | "config-unusable" | "not-ssh" | "silent-server" | "closed-in-handshake" | "no-common-algorithm" | "protocol" | "host-key-changed" | "host-key-revoked" | "host-key-rejected" | "host-key-unknown" | "known-hosts-unreadable" | "known-hosts-unwritable" | "trusted-key-moved" | "auth-refused" | "auth-nothing-to-try" | "auth-tries-exceeded" | "password-unanswered" | "certificate-expired" | "certificate-principal" | "key-unreadable" | "key-unknown-type" | "key-encrypted" | "passphrase-wrong" | "agent-unavailable" | "key-exists" | "key-unwritable" | "key-install-failed" | "key-not-accepted" | "cancelled" | "prompt-timed-out" | "keyring-unavailable" | "keyring-locked" | "channel-refused" | "pty-refused" | "shell-refused" | "connection-reset" | "connection-closed" | "connection-broken" | "exec-refused" | "exec-outcome-unknown" | "exec-output-too-large" | "connection-lost" | "connection-silent" | "sftp-refused" | "sftp-failed" | "file-not-found" | "file-denied" | "file-exists" | "folder-not-empty" | "host-disk-full" | "file-failed" | "trash-failed" | "sftp-server-missing" | "sudo-missing" | "sudo-denied" | "sudo-wants-terminal" | "sudo-password-refused" | "sudo-cancelled" | "sudo-failed" | "edit-refused" | "editor-failed" | "run-refused" | "run-input-unreadable" | "detached-failed" | "tunnel-invalid" | "tunnel-not-found" | "tunnel-port-in-use" | "tunnel-port-privileged" | "tunnel-bind-failed" | "tunnel-listen-refused" | "tunnel-forbidden" | "tunnel-target-failed" | "tunnel-target-failed-here" | "tunnel-behind" | "tunnel-waited" | "tunnel-not-socks" | "pipe-invalid" | "pipe-not-found" | "job-not-found" | "job-refused" | "local-file-failed" | "local-disk-full" | "not-copied" | "sync-refused" | "terminal-not-found" | "pattern-unusable" | "local-shell-failed" | "capture-failed" | "recording-full" | "recording-unusable" | "builtin-failed" | "window-limit" | "link-refused" | "ssh-link-refused" | "internal";

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
 * A rule has found something in a new line of a terminal.
 */
export type Found = { id: TerminalId, ruleId: string, 
/**
 * The line, made visible and cut to 200 characters.
 */
line: string, };

/**
 * A rule as the window keeps it.
 */
export type TriggerRule = { id: string, 
/**
 * A regular expression as JavaScript reads it.
 */
pattern: string, caseSensitive: boolean, 
/**
 * On every host that is not named in `hosts`.
 */
on: boolean, 
/**
 * Hosts for which it is on or off whatever holds elsewhere.
 */
hosts: { [key in string]: boolean }, };

/**
 * Which side listens, and where connections go.
 */
export type TunnelKind = "local" | "remote" | "dynamic";

/**
 * When a saved tunnel starts.
 */
export type TunnelStart = "by-hand" | "with-host" | "with-app";

/**
 * What the form of a tunnel holds.
 */
export type TunnelDraft = { 
/**
 * Shown name; empty means its ends.
 */
name: string, kind: TunnelKind, 
/**
 * `port`, `address:port`, `[IPv6]:port` or the path of a socket. Without an address it is this computer (or, for a remote
 * tunnel, the host) alone; `*` is everybody; port 0 is any free one.
 */
listen: string, 
/**
 * `address:port`, `[IPv6]:port` or the path of a socket; empty for a SOCKS proxy.
 */
target: string, starts: TunnelStart, };

/**
 * A tunnel in the record of its host.
 */
export type SavedTunnel = { 
/**
 * A random name (UUID v4) that stays with it.
 */
id: string, 
/**
 * Shown name; empty means its ends.
 */
name: string, kind: TunnelKind, 
/**
 * `port`, `address:port`, `[IPv6]:port` or the path of a socket. Without an address it is this computer (or, for a remote
 * tunnel, the host) alone; `*` is everybody; port 0 is any free one.
 */
listen: string, 
/**
 * `address:port`, `[IPv6]:port` or the path of a socket; empty for a SOCKS proxy.
 */
target: string, starts: TunnelStart, };

export type TunnelField = "name" | "listen" | "target";

/**
 * Why a field is not acceptable; the window has a sentence for each.
 */
export type TunnelFault = "required" | "too-long" | "listen-form" | "target-form";

export type TunnelProblem = { field: TunnelField, problem: TunnelFault, };

/**
 * Where a tunnel is.
 */
export type TunnelState = "stopped" | "starting" | "up" | "waiting" | "failed";

/**
 * What happened last that went wrong.
 */
export type TunnelTrouble = { problem: Problem, 
/**
 * In milliseconds since the Unix epoch.
 */
atMs: number, };

/**
 * Names a tunnel while the app runs.
 */
export type TunnelId = string;

/**
 * One tunnel.
 */
export type TunnelView = { id: TunnelId, hostId: HostId, 
/**
 * It stands in the record of its host.
 */
saved: boolean, state: TunnelState, 
/**
 * Where it listens, each address with the port that it really has.
 */
bound: Array<string>, 
/**
 * What went wrong last.
 */
trouble: TunnelTrouble | null, 
/**
 * Connections now, and since it was started.
 */
live: number, total: number, 
/**
 * Connections that wait for the host.
 */
waiting: number, 
/**
 * Connections that ended with a failure.
 */
failed: number, 
/**
 * To the side that is connected to, and from there.
 */
sentBytes: number, receivedBytes: number, sentPerSecond: number, receivedPerSecond: number, 
/**
 * What waits for programs that do not take it.
 */
heldBytes: number, 
/**
 * Shown name; empty means its ends.
 */
name: string, kind: TunnelKind, 
/**
 * `port`, `address:port`, `[IPv6]:port` or the path of a socket. Without an address it is this computer (or, for a remote
 * tunnel, the host) alone; `*` is everybody; port 0 is any free one.
 */
listen: string, 
/**
 * `address:port`, `[IPv6]:port` or the path of a socket; empty for a SOCKS proxy.
 */
target: string, starts: TunnelStart, };

/**
 * All tunnels, those of a host beside each other.
 */
export type TunnelsView = { tunnels: Array<TunnelView>, };

/**
 * A program on a host.
 */
export type PipeCommand = { hostId: HostId, 
/**
 * For the person's shell there.
 */
line: string, 
/**
 * A file that gets what it writes as well.
 */
tee: string | null, };

/**
 * A pipe as a person writes it down. Paths are those of files on this computer.
 */
export type PipeDraft = { 
/**
 * A file that the first program gets; without one its input is empty.
 */
source: string | null, commands: Array<PipeCommand>, 
/**
 * A file that gets what the last program writes; without one the end of it is shown.
 */
target: string | null, 
/**
 * Files of these names may be there: that at the end, and those beside the commands.
 */
overwrite: boolean, };

/**
 * A pipe under a name.
 */
export type SavedPipe = { name: string, draft: PipeDraft, };

/**
 * How one stage ended.
 */
export type StageEnd = { "kind": "exited", status: number, } | { "kind": "signalled", signal: string, } | { "kind": "done" } | { "kind": "unread" } | { "kind": "stopped", confirmed: boolean, } | { "kind": "unknown", problem: Problem, } | { "kind": "not-run" } | { "kind": "failed", problem: Problem, };

/**
 * Where one stage is.
 */
export type StageState = "waiting" | "running" | "ended";

/**
 * One stage.
 */
export type StageView = { state: StageState, end: StageEnd | null, 
/**
 * How much it wrote to standard error.
 */
stderrBytes: number, 
/**
 * What went wrong with the file that gets its output as well.
 */
teeProblem: Problem | null, };

/**
 * What goes from one stage to the next.
 */
export type JointView = { bytes: number, perSecond: number, };

/**
 * Names a pipe while the app runs.
 */
export type PipeId = number;

/**
 * Which text of a pipe is meant.
 */
export type PipeText = { "kind": "stderr", stage: number, } | { "kind": "output" };

/**
 * One pipe that runs, or did.
 */
export type PipeView = { id: PipeId, draft: PipeDraft, running: boolean, 
/**
 * The person has stopped it.
 */
stopped: boolean, 
/**
 * As with `set -o pipefail`, once it has ended.
 */
status: number | null, 
/**
 * Nothing is missing from what came out, once it has ended.
 */
well: boolean, 
/**
 * The file that is read, the programs, the file that is written.
 */
stages: Array<StageView>, 
/**
 * Between each of them and the next one; behind the last program also without a file.
 */
joints: Array<JointView>, 
/**
 * How much of the last program's output went nowhere else, so that its end is kept.
 */
outputBytes: number, 
/**
 * Files that are not whole.
 */
left: Array<string>, startedMs: number, endedMs: number | null, };

/**
 * All pipes of this run, the oldest first.
 */
export type PipesView = { pipes: Array<PipeView>, };

/**
 * Names a run while the app runs.
 */
export type RunId = string;

/**
 * What comes on a command's standard input.
 */
export type RunInput = { "kind": "none" } | { "kind": "text", text: string, } | { "kind": "file", path: string, };

/**
 * A run as it is asked for.
 */
export type RunRequest = { hosts: Array<HostId>, 
/**
 * For the login shell of each host.
 */
command: string, 
/**
 * So many hosts at once.
 */
atOnce: number, 
/**
 * For the command on each host, from its start; 0 is no limit.
 */
timeoutSeconds: number, 
/**
 * After the first host on which it failed it begins on no further one; where it runs it goes on.
 */
stopOnFailure: boolean, 
/**
 * Send the command alone, without the line that lets its processes be found: for forced commands and for devices
 * that know no `sh`.
 */
asIs: boolean, input: RunInput, 
/**
 * A folder of this computer, in which a new one is made for the whole output.
 */
folder: string | null, };

/**
 * How it goes on one host.
 */
export type RunState = { "state": "waiting" } | { "state": "connecting" } | { "state": "running" } | { "state": "exited", status: number, } | { "state": "signalled", signal: string, coreDumped: boolean, 
/**
 * What the server says about it.
 */
message: string, } | { "state": "timed-out", certain: boolean, } | { "state": "cancelled", certain: boolean, } | { "state": "not-started" } | { "state": "failed", problem: Problem, } | { "state": "unknown", problem: Problem, };

/**
 * One host of a run.
 */
export type RunHost = { hostId: HostId, 
/**
 * As it was called when the run began.
 */
name: string, state: RunState, 
/**
 * When the command began; none before.
 */
beganAt: number | null, 
/**
 * How long it ran; none before its end.
 */
tookMs: number | null, stdoutBytes: number, stderrBytes: number, 
/**
 * Which group of the run it is in, counted from 0, the largest first: same end, same output. None before its end.
 */
group: number | null, 
/**
 * Its files are not whole.
 */
filesProblem: Problem | null, };

/**
 * A run.
 */
export type RunView = { id: RunId, command: string, beganAt: number, 
/**
 * It goes on, on some host.
 */
running: boolean, 
/**
 * A person has stopped it.
 */
stopped: boolean, 
/**
 * The folder with the whole output.
 */
folder: string | null, hosts: Array<RunHost>, };

/**
 * Part of what was written on a stream, as text.
 */
export type RunText = { head: string, 
/**
 * Bytes between the two parts.
 */
leftOut: number, tail: string, };

/**
 * What a command wrote on one host.
 */
export type RunOutput = { stdout: RunText, stderr: RunText, };

/**
 * How a run is written to a file.
 */
export type RunFormat = "text" | "json";

/**
 * Names one on its host: 32 hexadecimal digits.
 */
export type DetachedId = string;

/**
 * How one is doing.
 */
export type DetachedState = { "state": "running" } | { "state": "exited", status: number, } | { "state": "stopped" } | { "state": "lost" };

/**
 * One command that was left running on a host.
 */
export type Detached = { id: DetachedId, 
/**
 * Its beginning.
 */
command: string, state: DetachedState, 
/**
 * By the clock of the host.
 */
beganAt: number | null, endedAt: number | null, stdoutBytes: number, stderrBytes: number, };

/**
 * A piece of what one wrote.
 */
export type DetachedText = { text: string, 
/**
 * From where to read on.
 */
next: number, };

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
transcript: boolean, 
/**
 * Its tunnels, in the order in which they were added.
 */
tunnels?: Array<SavedTunnel>, };

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
 * Where a link leads.
 */
export type Link = { 
/**
 * A name or an address, without brackets.
 */
address: string, 
/**
 * None: it is not said, and 22 is meant.
 */
port: number | null, 
/**
 * Empty: it is not said.
 */
user: string, };

export type OpenWish = { "kind": "host", host: HostId, } | { "kind": "link", text: string, link: Link, hosts: Array<HostId>, } | { "kind": "refused", problem: Problem, };

/**
 * Something that was asked for and that no window has taken on yet.
 */
export type OpenRequest = { id: number, } & ({ "kind": "host", host: HostId, } | { "kind": "link", text: string, link: Link, hosts: Array<HostId>, } | { "kind": "refused", problem: Problem, });

/**
 * Something about the saved hosts that the person has to know.
 */
export type StoreNotice = { "kind": "damaged", keptAs: string, restoredFrom: string | null, } | { "kind": "newer", keptAs: string, version: number, } | { "kind": "read-only", path: string, problem: Problem, } | { "kind": "jobs-set-aside", keptAs: string, } | { "kind": "jobs-unkept", path: string, problem: Problem, } | { "kind": "edits-left", folder: string, count: number, paths: Array<string>, };

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
keptRefused: boolean, } | { "kind": "sudo", user: string, attempt: number, keptRefused: boolean, } | { "kind": "passphrase", keyPath: string, attempt: number, } | { "kind": "interactive", user: string, name: string, instructions: string, fields: Array<InteractiveField>, } | { "kind": "touch", key: string, seconds: number, } | { "kind": "add-to-agent", keyPath: string, } | { "kind": "run-command", 
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
 * As the settings have it. What is out of bounds is brought within them.
 */
export type ConnectionTimes = { 
/**
 * An address that does not answer for so long is given up: 2 to 120 seconds.
 */
diallingSeconds: number, 
/**
 * A connection that is quiet for so long is asked for a sign of life: 3 to 60 seconds.
 */
quietSeconds: number, 
/**
 * A connection that nobody uses is closed after so long: a minute to a day.
 */
unusedMinutes: number, };

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
 * One connection of a host, and whose shells are on it.
 */
export type LaneView = { terminals: Array<TerminalId>, 
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
 * Its directory, if it says it: a path as [`path_text`] writes it, which is not fit to be shown as it is.
 */
directory: string | null, 
/**
 * The command that ended last, of those that ran for at least ten seconds.
 */
ended: LongCommand | null, };

export type ShellView = { id: TerminalId, hostId: HostId, 
/**
 * Its directory, if it says it: a path as [`path_text`] writes it, which is not fit to be shown as it is.
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
 * Why a transfer failed: the window has words for each.
 */
export type TransferFault = { kind: FaultKind, 
/**
 * A file and what the system says of it, or a number; without characters that cannot be seen. Empty where the kind says all.
 */
detail: string, };

export type FaultKind = "gave-up" | "ended-by-host" | "broke-protocol" | "silent" | "too-many-files" | "too-large" | "became-shorter" | "not-read" | "not-written" | "other";

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
cause: TransferFault | null, files: number, };

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
cause: TransferFault | null, files: number, });

/**
 * A directory on the host of a terminal.
 */
export type TerminalDirectory = { hostId: HostId, 
/**
 * As [`path_text`] writes it, and absolute.
 */
path: string, 
/**
 * To be shown.
 */
shown: string, };

/**
 * How a drag ended for the person.
 */
export type DragOutEnd = "over" | "ready";

/**
 * Where files lie. Paths are text as [`crate::files::path_text`] makes it, and absolute.
 */
export type JobEnd = { "at": "here", path: string, } | { "at": "host", hostId: HostId, path: string, };

/**
 * What happens where something stands already.
 */
export type OnConflict = "ask" | "overwrite" | "newer" | "rename" | "skip" | "resume";

/**
 * How a file is held against its source once it is there. Sizes are compared always.
 */
export type Verify = "size" | "sha256";

/**
 * Copy these to there.
 */
export type JobRequest = { 
/**
 * At least one; files and folders.
 */
sources: Array<JobEnd>, 
/**
 * The folder that they go into, or, with `exact`, the path that the one source gets.
 */
target: JobEnd, exact: boolean, onConflict: OnConflict, verify: Verify, 
/**
 * The sources are removed once all of them are there (move).
 */
removeSources: boolean, 
/**
 * The target becomes like the one source, a folder: its contents go into the target, which need not be there.
 */
sync?: SyncRules, };

/**
 * A file that stands where another is to go.
 */
export type JobConflict = { 
/**
 * The path there, to be shown.
 */
path: string, 
/**
 * Bytes.
 */
sourceSize: number | null, 
/**
 * Seconds since 1970.
 */
sourceModified: number | null, targetSize: number | null, targetModified: number | null, };

/**
 * What a job is doing.
 */
export type JobState = { "state": "queued" } | { "state": "running" } | { "state": "watching" } | { "state": "paused" } | { "state": "waiting", problem: Problem, } | { "state": "asking", conflict: JobConflict, } | { "state": "done" } | { "state": "failed", problem: Problem, } | { "state": "cancelled" };

/**
 * One file that could not be copied; the others go on.
 */
export type JobError = { 
/**
 * To be shown.
 */
path: string, problem: Problem, };

/**
 * A job, ten times a second at most while something changes.
 */
export type JobView = { id: number, 
/**
 * What it copies: the name of the one source, to be shown, or of the first one.
 */
name: string, 
/**
 * How many sources it has.
 */
sources: number, from: JobEnd, to: JobEnd, 
/**
 * Those are final once the walk through the folders is done.
 */
counted: boolean, files: number, bytes: number, filesDone: number, bytesDone: number, 
/**
 * Bytes per second over the last seconds; 0 unless it runs.
 */
rate: number, secondsLeft: number | null, 
/**
 * The file that is being copied, to be shown.
 */
current: string | null, 
/**
 * Left as they were, since something stood there.
 */
filesSkipped: number, 
/**
 * Arrived without their mode or time: the file system there keeps none, or belongs to another.
 */
filesBare: number, errorCount: number, 
/**
 * The first 100 of them.
 */
errors: Array<JobError>, 
/**
 * Milliseconds since 1970.
 */
addedMs: number, endedMs: number | null, 
/**
 * Of a sync only.
 */
sync?: JobSync, } & ({ "state": "queued" } | { "state": "running" } | { "state": "watching" } | { "state": "paused" } | { "state": "waiting", problem: Problem, } | { "state": "asking", conflict: JobConflict, } | { "state": "done" } | { "state": "failed", problem: Problem, } | { "state": "cancelled" });

/**
 * What a sync does besides copying.
 */
export type JobSync = { deleted: number, 
/**
 * It goes on when the source changes.
 */
watch: boolean, 
/**
 * How often it has come to its end.
 */
rounds: number, };

/**
 * The whole queue, in the order in which jobs get their turn; those that ended come last.
 */
export type JobsView = { jobs: Array<JobView>, };

/**
 * What a person wants of a sync.
 */
export type SyncRules = { 
/**
 * What the source does not have is deleted from the target.
 */
delete: boolean, 
/**
 * Even if that is more than half of the target.
 */
deleteMany: boolean, 
/**
 * Never more than so many, which a person has seen and agreed to.
 */
deleteMost: number | null, 
/**
 * Files of one size are held against each other by SHA-256 and not by their times.
 */
checksum: boolean, 
/**
 * As in .gitignore; what they match is neither copied nor deleted.
 */
exclude: Array<string>, 
/**
 * What is not left out, though it is excluded.
 */
include: Array<string>, 
/**
 * Paths below the folder that are left as they are, as text of [`crate::files::path_text`].
 */
leave: Array<string>, 
/**
 * It goes on: what changes at the source later is copied too.
 */
watch: boolean, };

/**
 * What happens to a path.
 */
export type SyncAction = "folder" | "new" | "changed" | "link" | "delete" | "left" | "failed";

/**
 * One path of a comparison.
 */
export type SyncRow = { 
/**
 * Below the folder, as text of [`crate::files::path_text`].
 */
path: string, 
/**
 * The same, to be shown.
 */
shown: string, action: SyncAction, isFolder: boolean, isLink: boolean, 
/**
 * Bytes, of what is copied or deleted.
 */
size: number, 
/**
 * Seconds since 1970.
 */
modified: number | null, 
/**
 * What stands at the target.
 */
oldSize: number | null, oldModified: number | null, 
/**
 * Why it is left out or failed.
 */
problem: Problem | null, };

/**
 * How much there is of each action.
 */
export type SyncCount = { action: SyncAction, count: number, bytes: number, };

/**
 * What a comparison came to, or how far it is.
 */
export type SyncSummary = { 
/**
 * Everything was compared.
 */
complete: boolean, 
/**
 * Entries that were looked at, on both sides together.
 */
seen: number, 
/**
 * Only those of which there are any.
 */
counts: Array<SyncCount>, 
/**
 * Why nothing would be deleted, or nothing be done at all.
 */
refused: Problem | null, };

/**
 * A sync under a name.
 */
export type SavedSync = { name: string, source: JobEnd, target: JobEnd, rules: SyncRules, };

/**
 * What a person wants of a job.
 */
export type JobOrder = "pause" | "resume" | "cancel" | "retry" | "first" | "remove";

/**
 * The answer to [`JobState::Asking`].
 */
export type ConflictAnswer = { 
/**
 * Anything but [`OnConflict::Ask`].
 */
onConflict: OnConflict, 
/**
 * For all further conflicts of the job.
 */
forAll: boolean, };

/**
 * Limits of all transfers together; 0 is none.
 */
export type JobLimits = { 
/**
 * Jobs that run at once.
 */
jobs: number, 
/**
 * Jobs that run at once on one host.
 */
jobsPerHost: number, 
/**
 * KiB per second, all jobs together.
 */
rateKib: number, };

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
 * What an entry is; of a link, also where it leads.
 */
export type RowKind = "folder" | "file" | "link-folder" | "link-file" | "link-broken" | "special" | "unknown";

/**
 * An entry: its name as [`path_text`] makes it; how it is shown where that differs (what is no text stands there as
 * `\xNN`, what cannot be seen as `\u{NN}`); what it is; bytes; seconds since 1970; permission bits; the numbers of its
 * user and group.
 */
export type FileRow = [string, string | null, RowKind, number | null, number | null, number | null, number | null, number | null];

/**
 * Names of users and groups by their numbers, fit to be shown.
 */
export type OwnerNames = { users: { [key in number]: string }, groups: { [key in number]: string }, };

/**
 * How the characters of a file are written.
 */
export type TextEncoding = "utf8" | "utf8-bom" | "utf16-le" | "utf16-be" | "gb18030" | "western";

/**
 * How the lines of a file end. The window works with `\n` alone, except in `Mixed`.
 */
export type LineEnds = "lf" | "cr-lf" | "cr" | "mixed";

/**
 * A text and how it is written.
 */
export type EditWords = { text: string, encoding: TextEncoding, lineEnds: LineEnds, };

/**
 * A file that is open to be changed.
 */
export type EditText = { id: number, path: ShownPath, 
/**
 * Where it is, if the path leads there by a link.
 */
target: ShownPath | null, 
/**
 * The account may not write to it.
 */
readOnly: boolean, 
/**
 * What a person changed in it and never saved.
 */
draft: EditDraft | null, 
/**
 * It is not on the host any more; there is only the draft, and saving it makes it anew.
 */
gone: boolean, text: string, encoding: TextEncoding, lineEnds: LineEnds, };

/**
 * A text that was changed, and kept here until it is saved.
 */
export type EditDraft = { keptMs: number, 
/**
 * The file on the host is not any more what the draft was made of.
 */
isOutdated: boolean, text: string, encoding: TextEncoding, lineEnds: LineEnds, };

/**
 * A file of which a text is kept that was never saved.
 */
export type KeptDraft = { host: HostId, path: ShownPath, keptMs: number, };

/**
 * What came of opening a file to change it.
 */
export type EditOpened = { "kind": "text", edit: EditText, } | { "kind": "binary", size: number, } | { "kind": "too-large", size: number, } | { "kind": "no-file" };

export type SaveHow = { "kind": "if-unchanged" } | { "kind": "overwrite" } | { "kind": "as-copy", name: string, };

/**
 * What is to be saved, and over what.
 */
export type EditSave = { text: string, encoding: TextEncoding, lineEnds: LineEnds, how: SaveHow, 
/**
 * The person knows that the file itself is written to, for want of a place beside it.
 */
inPlace: boolean, };

/**
 * What stands on the server in place of what was opened.
 */
export type EditThere = { "kind": "text", words: EditWords, } | { "kind": "other" } | { "kind": "deleted" };

/**
 * What came of saving.
 */
export type EditSaved = { "kind": "saved", path: ShownPath, 
/**
 * The file belongs to this account now.
 */
ownerChanged: boolean, } | { "kind": "conflict", there: EditThere, } | { "kind": "in-place" } | { "kind": "unencodable", character: string, line: number, };

export type ExternalState = { "state": "watching" } | { "state": "saving" } | { "state": "conflict", deleted: boolean, } | { "state": "in-place" } | { "state": "failed", problem: Problem, };

/**
 * A file that another program changes, and what became of what was saved there.
 */
export type ExternalEdit = { id: number, hostId: HostId, path: ShownPath, 
/**
 * Of this computer: where the copy lies.
 */
folder: string, state: ExternalState, 
/**
 * How often it was sent to the host.
 */
saves: number, 
/**
 * The copy has something that the host does not have.
 */
unsent: boolean, };

export type ExternalAnswer = { "kind": "overwrite" } | { "kind": "in-place" } | { "kind": "copy", name: string, } | { "kind": "retry" } | { "kind": "stop", keep: boolean, };

export type ExternalOpened = { id: number, 
/**
 * The copy, of this computer.
 */
file: string, 
/**
 * A command was started; otherwise the desktop is to open the copy.
 */
started: boolean, };

/**
 * Some entries of a folder, in the server's order.
 */
export type FolderPage = { 
/**
 * For the next page; null when this was the last one.
 */
listing: number | null, 
/**
 * The folder without links and dots, as [`path_text`] makes it.
 */
path: string, rows: Array<FileRow>, 
/**
 * Of numbers that are new on this page.
 */
names: OwnerNames, 
/**
 * Names up to here that are none, such as `../x`: nothing can be done with them.
 */
refused: number, 
/**
 * There is more than is shown.
 */
cut: boolean, };

/**
 * A path as [`path_text`] makes it and as it is shown.
 */
export type ShownPath = { path: string, shown: string, };

/**
 * Room on a file system, in bytes.
 */
export type DiskSpace = { total: number, 
/**
 * For this account; what is kept for others is not in it.
 */
available: number, readOnly: boolean, };

/**
 * An account or group: its number, and its name where the server tells.
 */
export type OwnerView = { id: number, name: string | null, };

export type FileProperties = { path: ShownPath, kind: RowKind, size: number | null, 
/**
 * Seconds since 1970, as the other.
 */
modified: number | null, accessed: number | null, mode: number | null, user: OwnerView | null, group: OwnerView | null, 
/**
 * Of a link: what is written in it.
 */
target: ShownPath | null, 
/**
 * Where the server tells.
 */
space: DiskSpace | null, };

/**
 * What can be shown of a file.
 */
export type FilePreview = { "kind": "text", text: string, cut: boolean, } | { "kind": "picture" } | { "kind": "too-large" } | { "kind": "binary" } | { "kind": "none" };

/**
 * One file that it did not work for; the others went on.
 */
export type WorkProblem = { 
/**
 * To be shown.
 */
path: string, problem: Problem, };

/**
 * How far it is, and at the end what became of it.
 */
export type WorkView = { 
/**
 * Files and folders that are done.
 */
done: number, 
/**
 * The path that it is at, to be shown.
 */
current: string, 
/**
 * The first 100 of them.
 */
problems: Array<WorkProblem>, problemCount: number, 
/**
 * A person stopped it; what was done by then stays done.
 */
cancelled: boolean, };

/**
 * To what of it.
 */
export type ModeOnly = "all" | "files" | "folders";

/**
 * Permission bits that are set and taken away; the others stay.
 */
export type ModeChange = { set: number, clear: number, 
/**
 * In folders and what is in them.
 */
recursive: boolean, only: ModeOnly, };

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
 * The name that its session on the host goes by, and under which what it shows is kept where there is a keyring. Random,
 * and no secret: it opens nothing. The engine fills it in.
 */
kept: string | null, 
/**
 * What else the window knows of the tab.
 */
facts: Record<string, unknown>, };

/**
 * A window on the screen, in logical pixels.
 */
export type Place = { x: number, y: number, width: number, height: number, };

/**
 * What is open in one window, as its page tells it.
 */
export type WorkspaceWindow = { 
/**
 * Splits, sizes and order, as the window has them.
 */
layout: unknown, tabs: Array<WorkspaceTab>, 
/**
 * Where it is on the screen; nothing for the main window, and where the desktop does not say.
 */
place: Place | null, };

/**
 * What is open: in the main window, and in those that tabs were torn off into. Fields of a newer Bowline are kept as they are.
 */
export type Workspace = { version: number, 
/**
 * Splits, sizes and order, as the main window has them.
 */
layout: unknown, tabs: Array<WorkspaceTab>, 
/**
 * The other windows. A document from before there were any has none.
 */
windows: Array<WorkspaceWindow>, 
/**
 * When it was kept, in milliseconds since the Unix epoch. The engine fills it in.
 */
savedAtMs: number, };

/**
 * What a window needs to show what is open, or to offer what was.
 */
export type WorkspaceState = { 
/**
 * Of this run and this window: for a page that starts anew, or gets tabs of another window.
 */
current: WorkspaceWindow | null, 
/**
 * Every terminal that this window may show, the ended ones that are still shown too.
 */
terminals: Array<TerminalView>, 
/**
 * Of the run before, until it is brought back or put away. The main window offers it.
 */
last: Workspace | null, };

/**
 * What became of what a terminal had shown.
 */
export type KeptScrollback = "back" | "none" | "lost";

export type BroughtBack = { terminal: TerminalId, scrollback: KeptScrollback, };

/**
 * The name of a window in this run, never used twice.
 */
export type WindowId = string;

export type WindowTab = { host: HostId, 
/**
 * A name that a person gave.
 */
name: string | null, };

/**
 * One window as the others see it.
 */
export type WindowView = { id: WindowId, 
/**
 * As a person counts; the main window is 1.
 */
number: number, tabs: Array<WindowTab>, 
/**
 * Tabs of it that its page does not show yet.
 */
arriving: number, };

/**
 * What windows know of each other.
 */
export type WindowsView = { 
/**
 * In the order of their numbers.
 */
windows: Array<WindowView>, 
/**
 * The one that a person used last. What is told once is told there.
 */
front: WindowId, 
/**
 * The one that shows the questions to the person. It stays the same while any waits.
 */
asks: WindowId, };

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
transfers: Array<TransferView>, 
/**
 * The transfer queue.
 */
jobs: JobsView, 
/**
 * Files that other programs change.
 */
externalEdits: Array<ExternalEdit>, tunnels: TunnelsView, links: Array<OpenRequest>, pipes: PipesView, 
/**
 * Commands on many hosts.
 */
runs: Array<RunView>, timeline: Array<TimelineEntry>, windows: WindowsView, prompts: Array<Prompt>, storeNotices: Array<StoreNotice>, keyring: KeyringState, 
/**
 * Hosts in the person's ~/.ssh/config that are not saved here yet.
 */
importable: number, };

/**
 * One piece of news for the window.
 */
export type EngineEvent = { "type": "hosts", "data": HostList } | { "type": "connection", "data": ConnectionView } | { "type": "terminal", "data": TerminalView } | { "type": "capture", "data": CaptureView } | { "type": "playback", "data": PlaybackView } | { "type": "shell", "data": ShellView } | { "type": "found", "data": Found } | { "type": "transfer", "data": TransferView } | { "type": "jobs", "data": JobsView } | { "type": "external-edits", "data": Array<ExternalEdit> } | { "type": "tunnels", "data": TunnelsView } | { "type": "links", "data": Array<OpenRequest> } | { "type": "pipes", "data": PipesView } | { "type": "runs", "data": Array<RunView> } | { "type": "run", "data": RunView } | { "type": "timeline", "data": TimelineEntry } | { "type": "windows", "data": WindowsView } | { "type": "prompt", "data": Prompt } | { "type": "prompt-gone", "data": number } | { "type": "config-notes", "data": ConfigNotes };

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
  "sftp-refused",
  "sftp-failed",
  "file-not-found",
  "file-denied",
  "file-exists",
  "folder-not-empty",
  "host-disk-full",
  "file-failed",
  "trash-failed",
  "sftp-server-missing",
  "sudo-missing",
  "sudo-denied",
  "sudo-wants-terminal",
  "sudo-password-refused",
  "sudo-cancelled",
  "sudo-failed",
  "edit-refused",
  "editor-failed",
  "run-refused",
  "run-input-unreadable",
  "detached-failed",
  "tunnel-invalid",
  "tunnel-not-found",
  "tunnel-port-in-use",
  "tunnel-port-privileged",
  "tunnel-bind-failed",
  "tunnel-listen-refused",
  "tunnel-forbidden",
  "tunnel-target-failed",
  "tunnel-target-failed-here",
  "tunnel-behind",
  "tunnel-waited",
  "tunnel-not-socks",
  "pipe-invalid",
  "pipe-not-found",
  "job-not-found",
  "job-refused",
  "local-file-failed",
  "local-disk-full",
  "not-copied",
  "sync-refused",
  "terminal-not-found",
  "pattern-unusable",
  "local-shell-failed",
  "capture-failed",
  "recording-full",
  "recording-unusable",
  "builtin-failed",
  "window-limit",
  "link-refused",
  "ssh-link-refused",
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
  host_health: { args: { id: HostId }; result: Array<LaneView> }
  /** What the person has set about time, told at the start and whenever it changes. */
  connection_times: { args: { times: ConnectionTimes }; result: null }
  /** Tries to connect now instead of at the end of the wait. */
  host_retry: { args: { id: HostId }; result: null }
  /** Stops waiting for the host: its terminals end, what they showed stays. */
  host_give_up: { args: { id: HostId }; result: null }
  group_rename: { args: { from: string; to: string }; result: null }
  /** Takes on what another start of the app asked for; false when another window did. */
  open_take: { args: { id: number }; result: boolean }
  import_preview: { args: Record<string, never>; result: ImportPreview }
  import_apply: { args: { aliases: Array<string> }; result: Array<Host> }
  /** Stops a running host_test. */
  host_test_cancel: { args: Record<string, never>; result: null }
  /** Reads a text to change it: in the encoding that it seems to have, or in one that a person chose. */
  file_edit_open: { args: { host: HostId; path: string; encoding: TextEncoding | null }; result: EditOpened }
  /** Saves it. What stands in its way is an answer, and then nothing was written. */
  file_edit_save: { args: { id: number; save: EditSave }; result: EditSaved }
  /** Whether something else stands there by now; null if not. */
  file_edit_look: { args: { id: number }; result: EditThere | null }
  /** Nobody changes it any more. */
  file_edit_close: { args: { id: number }; result: null }
  /** Keeps what is in an editor on this computer until it is saved; nothing of what root sees. */
  file_draft_keep: { args: { id: number; words: EditWords }; result: null }
  /** Of which files a text is kept that was never saved, the newest first. */
  file_drafts: { args: Record<string, never>; result: Array<KeptDraft> }
  /** The text is saved, or nobody wants it. */
  file_draft_drop: { args: { host: HostId; path: string }; result: null }
  /** Files that other programs change. */
  file_edit_externals: { args: Record<string, never>; result: Array<ExternalEdit> }
  /** What becomes of one that waits for a person, or that nobody changes any more. */
  file_edit_answer: { args: { id: number; answer: ExternalAnswer }; result: null }
  /** What the copy of one holds, to merge it in the window; null if it is no text. */
  file_edit_copy: { args: { id: number }; result: EditWords | null }
  /** Opens a copy of a file with a command, or with what the desktop has for it where that is empty. What is saved there goes back. */
  file_edit_external: { args: { host: HostId; path: string; command: string }; result: ExternalOpened }
  /** The folder in which the host's SFTP server starts. */
  files_home: { args: { host: HostId }; result: ShownPath }
  /** Begins to list a folder. `~` and an empty path are where the server starts. */
  files_list: { args: { host: HostId; path: string }; result: FolderPage }
  /** The next page of a folder; null when it is not listed any more. */
  files_page: { args: { listing: number }; result: FolderPage | null }
  /** Nobody wants the rest of a folder. */
  files_leave: { args: { listing: number }; result: null }
  /** Folders that a path could go on with. */
  files_complete: { args: { host: HostId; path: string }; result: Array<ShownPath> }
  files_properties: { args: { host: HostId; path: string }; result: FileProperties }
  /** What is written in a link. */
  files_link_target: { args: { host: HostId; path: string }; result: ShownPath }
  /** What can be shown of a file. The bytes of a picture come raw (`files_picture`). */
  files_preview: { args: { host: HostId; path: string }; result: FilePreview }
  files_make_folder: { args: { host: HostId; folder: string; name: string }; result: ShownPath }
  files_make_file: { args: { host: HostId; folder: string; name: string }; result: ShownPath }
  /** Gives what lies at a path another name in its folder. Never replaces anything. */
  files_rename: { args: { host: HostId; path: string; name: string }; result: ShownPath }
  /** Deletes, with all that is in folders, or moves into the account's trash folder. `work` is any name, for `files_progress`. */
  files_delete: { args: { host: HostId; paths: Array<string>; trash: boolean; work: string }; result: WorkView }
  files_permissions: { args: { host: HostId; paths: Array<string>; change: ModeChange; work: string }; result: WorkView }
  /** How far that is; null when there is none of that name. */
  files_progress: { args: { work: string }; result: WorkView | null }
  /** Stops it. What was done by then stays done. */
  files_cancel: { args: { work: string }; result: null }
  /** Folders that a person comes back to. */
  files_bookmarks: { args: { host: HostId }; result: Array<string> }
  /** Sets a bookmark or takes it away; what there is then. */
  files_bookmark: { args: { host: HostId; path: string; on: boolean }; result: Array<string> }
  /** A native picker for the folder that files are downloaded to; null when dismissed. */
  files_pick_folder: { args: Record<string, never>; result: string | null }
  /** A native picker for what is uploaded, files or whole folders; empty when dismissed. */
  files_pick_upload: { args: { folders: boolean }; result: Array<string> }
  /** Fetches files of a host, and puts them on the clipboard for other programs; how many, 0 when it was cancelled. */
  files_copy_out: { args: { host: HostId; paths: Array<string> }; result: number }
  /** The private keys of ~/.ssh, by name. */
  keys_list: { args: Record<string, never>; result: Array<KeyInfo> }
  /** Makes an Ed25519 key pair. Nothing is overwritten. */
  key_generate: { args: { path: string; comment: string; passphrase: Secret | null }; result: KeyInfo }
  /** Lets the person log in to a host with a key from now on, and tries it out. */
  key_install: { args: { host: HostId; path: string }; result: InstallOutcome }
  prompt_answer: { args: { id: number; answer: Answer }; result: null }
  runs: { args: Record<string, never>; result: Array<RunView> }
  /** Begins a run and returns at once; how it goes is told as events. */
  run_start: { args: { request: RunRequest }; result: RunId }
  /** The same once more, on some of its hosts. */
  run_again: { args: { id: RunId; hosts: Array<HostId> }; result: RunId }
  /** Ends what runs on the hosts, and begins on no other. */
  run_stop: { args: { id: RunId }; result: null }
  /** Takes it off the list; one that goes on is stopped. */
  run_remove: { args: { id: RunId }; result: null }
  /** What its command wrote on one host, as text without the sequences of terminals. */
  run_output: { args: { id: RunId; host: HostId }; result: RunOutput }
  /** Starts a command on a host that keeps running when the connection and the app are gone. */
  detached_start: { args: { host: HostId; command: string }; result: DetachedId }
  /** What was left running on a host, and what of that has ended, the newest first. */
  detached_list: { args: { host: HostId }; result: Array<Detached> }
  /** A piece of what one wrote, from an offset on; empty when there is no more yet. */
  detached_read: { args: { host: HostId; id: DetachedId; stderr: boolean; offset: number }; result: DetachedText }
  /** Ends one with all its processes; false when the host does not say that nothing is left. */
  detached_stop: { args: { host: HostId; id: DetachedId }; result: boolean }
  /** Removes one that has ended from its host, with all that it wrote. */
  detached_remove: { args: { host: HostId; id: DetachedId }; result: null }
  /** Asks where, and writes a run there; null when dismissed. */
  run_save: { args: { id: RunId; format: RunFormat }; result: string | null }
  /** A native file picker for what a command reads; null when dismissed. */
  run_pick_input: { args: Record<string, never>; result: string | null }
  /** A native folder picker for what commands write; null when dismissed. */
  run_pick_folder: { args: Record<string, never>; result: string | null }
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
  /** Whether the window draws pictures, and programs that ask are told so. */
  terminal_pictures: { args: { shown: boolean }; result: null }
  /** What is looked for in the new lines of every terminal, now and from now on. */
  trigger_rules: { args: { rules: Array<TriggerRule> }; result: null }
  /** Whether a pattern can be looked for; `exact`: by the case of its letters too. */
  trigger_check: { args: { pattern: string; exact: boolean }; result: null }
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
  tunnels: { args: Record<string, never>; result: TunnelsView }
  /** What is wrong with a draft, field by field. */
  tunnel_check: { args: { draft: TunnelDraft }; result: Array<TunnelProblem> }
  /** Adds a tunnel to a host: to its record with `keep`, for this run without. */
  tunnel_add: { args: { host: HostId; draft: TunnelDraft; keep: boolean }; result: TunnelId }
  /** Changes a tunnel; one that runs is started anew. */
  tunnel_change: { args: { id: TunnelId; draft: TunnelDraft }; result: null }
  tunnel_start: { args: { id: TunnelId }; result: null }
  tunnel_stop: { args: { id: TunnelId }; result: null }
  tunnel_remove: { args: { id: TunnelId }; result: null }
  /** The forwardings that ssh_config has for a host. */
  tunnel_offers: { args: { host: HostId }; result: Array<TunnelDraft> }
  pipes: { args: Record<string, never>; result: PipesView }
  /** Starts a pipe. How it goes is told by events. */
  pipe_run: { args: { draft: PipeDraft }; result: PipeId }
  /** Ends all its programs. */
  pipe_stop: { args: { id: PipeId }; result: null }
  /** Nobody looks at it any more; one that runs stays. */
  pipe_forget: { args: { id: PipeId }; result: null }
  /** The end of what a stage wrote, at most 64 KiB. */
  pipe_text: { args: { id: PipeId; which: PipeText }; result: string }
  /** By name. */
  pipes_saved: { args: Record<string, never>; result: Array<SavedPipe> }
  /** Keeps one in place of that of the same name; what there is then. */
  pipe_save: { args: { pipe: SavedPipe }; result: Array<SavedPipe> }
  pipe_unsave: { args: { name: string }; result: Array<SavedPipe> }
  /** A native picker for a file that is to be written; null when dismissed. */
  pipe_pick_target: { args: Record<string, never>; result: string | null }
  /** Opens a window with these tabs, laid out as they were; without a place as large as this one. */
  window_open: { args: { opened: WorkspaceWindow }; result: null }
  /** Another window at a point of the screen, in logical pixels; null where there is none, or where the desktop does not say. */
  window_at: { args: { x: number; y: number }; result: WindowId | null }
  /** Moves tabs to another window, which comes to the front. */
  window_give: { args: { to: WindowId; tabs: Array<WorkspaceTab> }; result: null }
  /** Brings a window to the front. */
  window_show: { args: { id: WindowId }; result: null }
  /** Closes this window: its last tab is gone. */
  window_close: { args: Record<string, never>; result: null }
  /** Says whether this page keeps keys that were typed and not sent: then its window is not closed at the first try. */
  window_unsent: { args: { keeps: boolean }; result: null }
  /** Ends Bowline with all of its windows; the next start offers what was open in each. Unsent keys hold the first try up. */
  quit: { args: Record<string, never>; result: null }
  /** What is open in a window and what was: a page that starts anew shows the first, a new run offers the second. */
  workspace: { args: { window: WindowId }; result: WorkspaceState }
  /** Keeps what is open in a window now; call it a moment after each change. */
  workspace_save: { args: { window: WindowId; tabs: WorkspaceWindow }; result: null }
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
  jobs: { args: Record<string, never>; result: JobsView }
  /** Takes a transfer on, which then survives a crash; its number. */
  job_add: { args: { request: JobRequest }; result: number }
  job_order: { args: { id: number; order: JobOrder }; result: null }
  /** Says what happens to a file that is in the way. */
  job_answer: { args: { id: number; answer: ConflictAnswer }; result: null }
  job_limits: { args: Record<string, never>; result: JobLimits }
  job_limits_set: { args: { limits: JobLimits }; result: null }
  /** Compares the two folders of a sync and changes nothing. `preview` is any name that is not in use, under which what was found is kept. */
  sync_compare: { args: { preview: string; request: JobRequest }; result: SyncSummary }
  /** How far a comparison is; null before both folders are open. */
  sync_progress: { args: { preview: string }; result: SyncSummary | null }
  /** Some of what was found, by path. */
  sync_rows: { args: { preview: string; actions: Array<SyncAction>; from: number; count: number }; result: Array<SyncRow> }
  /** Nobody looks at it any more; one under way ends. */
  sync_forget: { args: { preview: string }; result: null }
  /** By name. */
  syncs_saved: { args: Record<string, never>; result: Array<SavedSync> }
  /** Keeps one in place of that of the same name; what there is then. */
  sync_save: { args: { sync: SavedSync }; result: Array<SavedSync> }
  sync_unsave: { args: { name: string }; result: Array<SavedSync> }
  /** Where the shell of a terminal is, on its host; null for a terminal that is on none. */
  terminal_directory: { args: { id: TerminalId }; result: TerminalDirectory | null }
  /** A person has begun to drag files of a host; `id` is any new name. */
  drag_out_begin: { args: { id: string; host: HostId; paths: Array<string> }; result: null }
  /** Fetches what is dragged, for another program, and waits until it is here. */
  drag_out_fetch: { args: { id: string }; result: null }
  /** The drag is over; waits for files that were wanted and came too late. */
  drag_out_end: { args: { id: string }; result: DragOutEnd }
  /** A native picker for files; empty when dismissed. */
  pick_files_to_send: { args: Record<string, never>; result: Array<string> }
  /** A native picker for folders; empty when dismissed. */
  pick_folders_to_send: { args: Record<string, never>; result: Array<string> }
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
