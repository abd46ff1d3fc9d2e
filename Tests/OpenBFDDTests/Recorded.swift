/// What OpenBFDD's own programs said: release 0.5.4 of github.com/dyninc/OpenBFDD, commit 309cf4e, built by hand with
/// g++ 12 and run on 2026-11-22 in network namespaces, the beacon with everway's beacon as its peer. Words and octets
/// only; none of its code is here. docs/openbfdd.md says how.
enum Recorded {
  /// The requests of its bfdd-control, in hexadecimal, for these words.
  static let requests: [(words: [String], octets: String)] = [
    (
      ["status"],
      "feed19667374617475730000"
    ),
    (
      ["version"],
      "feed196676657273696f6e0000"
    ),
    (
      ["allow", "10.9.9.2"],
      "feed1966616c6c6f770031302e392e392e320000"
    ),
    (
      ["status", "remote", "10.9.9.2", "local", "10.9.9.1"],
      "feed19667374617475730072656d6f74650031302e392e392e32006c6f63616c0031302e392e392e310000"
    ),
    (
      ["status", "remote", "", "local", "10.9.9.1"],
      "feed19667374617475730072656d6f7465006c6f63616c0031302e392e392e310000"
    ),
    (
      ["session", "new", "set", "mintx", "1000", "ms"],
      "feed196673657373696f6e006e657700736574006d696e74780031303030006d730000"
    ),
    (
      ["log", "type", "command", "no"],
      "feed19666c6f67007479706500636f6d6d616e64006e6f0000"
    ),
    (
      ["stop"],
      "feed196673746f700000"
    )
  ]

  /// The answers of its bfdd-beacon to one script, in its order; there was a session 1 and no session 99.
  static let answers: [(line: String, reply: String)] = {
    var answers: [(line: String, reply: String)] = []
    for line in transcript.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("> ") {
        answers.append((String(line.dropFirst(2)), ""))
      } else if !answers.isEmpty {
        answers[answers.count - 1].reply += line + "\n"
      }
    }
    return answers
  }()

  /// `status 1 compact`, with the level, of sessions that it had: Up, held, suspended, and never heard by its peer.
  static let up =
    " id=1 local=10.9.9.1 (active) remote=10.9.9.2 LocalState=Up<No Diagnostic> RemoteState=Up<No Diagnostic> "
    + "LocalId=1302166807 RemoteId=4008731104 Time=Up(00:00:06.439) Down(00:00:00.041) Up(00:00:04.801) "
    + "Down(00:00:00.001)  CurrentTxInterval=1,000,000 us CurrentRxTimeout=3,000,000 us LocalDetectMulti=3 "
    + "LocalDesiredMinTx=300,000 us LocalRequiredMinRx=300,000 us RemoteDetectMulti=3 "
    + "RemoteDesiredMinTx=1,000,000 us RemoteRequiredMinRx=1,000,000 us \n"
  static let held =
    " id=1 local=10.9.9.1 (active) remote=10.9.9.2 LocalState=AdminDown<Forced: Administratively Down> "
    + "RemoteState=Down<Neighbor Signaled Session Down> LocalId=1302166807 RemoteId=4008731104 \n"
  static let suspended =
    " id=1 local=10.9.9.1 (active) remote=10.9.9.2 LocalState=Up<Suspended: No Diagnostic> "
    + "RemoteState=Up<No Diagnostic> LocalId=1302166807 RemoteId=4008731104 \n"
  static let unheard =
    " id=3 local=10.77.0.1 (active) remote=10.9.9.2 LocalState=Down<No Diagnostic> "
    + "RemoteState=Down<No Diagnostic> LocalId=717063958 RemoteId=0 Time=Down(00:00:06.823)  "
    + "CurrentTxInterval=1,000,000 us CurrentRxTimeout=0 us LocalDetectMulti=3 "
    + "LocalDesiredMinTx=1,000,000 us (def 300,000 us) LocalRequiredMinRx=300,000 us RemoteDetectMulti=0 "
    + "RemoteDesiredMinTx=0 us RemoteRequiredMinRx=1 us \n"

  private static let transcript = #"""
    > status
    There are 0 sessions:
    > allow nonsense
    Invalid IPv4 or IPv6 address <nonsense>.
    > allow
    Must supply ip address.
    > block
    Must supply an IPv4 or IPv6 address.
    > block nonsense
    Invalid IPv4 or IPv6 address <nonsense>.
    > status level 1
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <level>.
    > status all level
    level must be followed by an integer.
    > status all level x
    level value must be an integer : <x>.
    > status all bogus
    Unrecognized  status setting <bogus>.
    > status compact
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <compact>.
    > status nocompact
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <nocompact>.
    > status level 4 compact
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <level>.
    > status level 2 nocompact
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <level>.
    > status brief
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <brief>.
    > status brief level 3
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <brief>.
    > status id 1
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <id>.
    > status 99
    No session with id=99.
    > status 99 level 2
    No session with id=99.
    > status local 10.9.9.1
    Must supply 'all', session id or 'remote ip local ip' before other settings. Error: 'remote' not found.
    > status remote 10.9.9.8 local 10.9.9.1
    No session with local ip=10.9.9.1 and remote ip=10.9.9.8.
    > status remote local 10.9.9.1
    Must supply 'all', session id or 'remote ip local ip' before other settings. Error: <local> is not an IPv4 or IPv6 address.
    > status remote x local 10.9.9.1
    Must supply 'all', session id or 'remote ip local ip' before other settings. Error: <x> is not an IPv4 or IPv6 address.
    > status bogus
    Must supply 'all', session id or 'remote ip local ip' before other settings. Unknown <bogus>.
    > connect local 10.9.9.1
    'connect' must be followed by an ip pair. Error: 'remote' not found.
    > connect 10.9.9.1 10.9.9.2
    'connect' must be followed by an ip pair. Error: Unknown <10.9.9.1> should be 'remote' or 'local'.
    > connect local fd99::1 remote 10.9.9.2
    'connect' must be followed by an ip pair. Error: can not mix IPv4 and IPv6 addresses.
    > session 1 set mintx 500 ms
    Attempting to set mintx to 500,000 us.
    > session 1 set minrx 500000 us
    Attempting to set minrx to 500,000 us.
    > session 1 set minrx 1 s
    Attempting to set minrx to 1,000,000 us.
    > session 1 set mintx 1000
    Must supply a unit after the value 1000: 's', 'ms' or 'us'
    > session 1 set mintx
    Must supply value for 'set mintx'.
    > session 1 set mintx abc ms
    'set mintx' value must be an integer followed by time unit : <abc>.
    > session 1 set mintx 5 h
    Unknown unit <h>. Use: 's', 'ms' or 'us'
    > session 1 set mintx 99999999 s
    Value <99999999> seconds is too large to be converted to microseconds.
    > session 1 set multi 4
    Attempting to set multi to 4.
    > session 1 set multi 0
    'set multi' value can not be 0.
    > session 1 set multi x
    Must supply an non-zero integer value for 'set multi'.
    > session 1 set multi
    Must supply value for 'set multi'.
    > session 1 set cpi yes
    Attempting to set control plane independent (C) bit to yes.
    > session 1 set cpi no
    Attempting to set control plane independent (C) bit to no.
    > session 1 set cpi maybe
    Must supply 'yes' or 'no' for 'set cpi'. Unknown value <maybe>.
    > session 1 set cpi
    Must supply 'yes' or 'no' for 'set cpi'.
    > session 1 set admin_up_poll yes
    Attempting to enable admin_up_poll workaround.
    > session 1 set admin_up_poll no
    Attempting to disable admin_up_poll workaround.
    > session 1 set bogus 1
    Unrecognized item to set <bogus> use 'mintx', 'minrx', 'multi', 'cpi' or 'admin_up_poll'.
    > session 1 set
    Must supply item to set: 'mintx', 'minrx', 'multi', 'cpi' or 'admin_up_poll'.
    > session 1
    Must supply session action: 'state', 'set', 'kill', 'reset', 'suspend' or 'resume'.
    > session
    Must supply 'all', 'new', session id or 'remote ip local ip'.
    > session 1 bogus
    Unrecognized session action <bogus> use: 'state', 'set', 'kill', 'reset', 'suspend' or 'resume'.
    > session x kill
    Must supply 'all', 'new', session id or 'remote ip local ip' before other settings. Unknown <x>.
    > session 99 kill
    Attempting to kill session(s).
    No session with id=99.
    > session 99 reset
    Attempting to reset session(s).
    No session with id=99.
    > session 99 state down
    Attempting to put session(s) into Down state with diagnostic <Path Down>.
    No session with id=99.
    > session 99 set multi 3
    Attempting to set multi to 3.
    No session with id=99.
    > session 99 suspend
    Attempting to suspend session(s).
    No session with id=99.
    > session 99 resume
    Attempting to resume session(s).
    No session with id=99.
    > session 0 kill
    Must supply 'all', 'new', session id or 'remote ip local ip' before other settings. Unknown <0>.
    > session 0x1 set multi 3
    Must supply 'all', 'new', session id or 'remote ip local ip' before other settings. Unknown <0x1>.
    > session 1 state down 31
    Attempting to put session(s) into Down state with diagnostic <Unknown>.
    > session 1 state down 32
    Diagnostic value. Must be integer between 0 and 31.
    > session 1 state down -1
    Diagnostic value. Must be integer between 0 and 31.
    > session 1 state up
    Attempting to put session(s) into Up state with diagnostic <No Diagnostic>.
    > session 1 set mintx 0 ms
    'set mintx' value can not be 0.
    > session 1 set mintx -5 ms
    Negative values not allowed
    > session 1 set mintx 4294967296 us
    Value <4294967296> microseconds is too large.
    > session 1 set mintx 4294968 ms
    Value <4294968> milliseconds is too large to be converted to microseconds.
    > session 1 set mintx 1 S
    Unknown unit <S>. Use: 's', 'ms' or 'us'
    > session 1 set mintx 1 ms extra
    Attempting to set mintx to 1,000 us.
    > SESSION 1 set mintx 1000 ms
    Attempting to set mintx to 1,000,000 us.
    > session 1 SET mintx 1 s
    Unrecognized session action <SET> use: 'state', 'set', 'kill', 'reset', 'suspend' or 'resume'.
    > session 1 set minrx abc ms
    'set minrx' value must be an integer followed by time unit : <abc>.
    > session 1 set minrx -5 ms
    Negative values not allowed
    > session 1 set minrx
    Must supply value for 'set minrx'.
    > session 1 set minrx 5
    Must supply a unit after the value 5: 's', 'ms' or 'us'
    > session 1 set admin_up_poll
    Must supply 'yes' or 'no' for 'set admin_up_poll'.
    > session 1 set admin_up_poll maybe
    Must supply 'yes' or 'no' for 'set admin_up_poll'. Unknown value <maybe>.
    > connect
    Must supply 'local ip remote ip' address pair.
    > connect local
    'connect' must be followed by an ip pair. Error: 'local' should be followed by an Pv4 or IPv6 address.
    > connect local x remote 10.9.9.2
    'connect' must be followed by an ip pair. Error: <x> is not an IPv4 or IPv6 address.
    > connect local 10.9.9.1 local 10.9.9.2
    'connect' must be followed by an ip pair. Error: unknown <local>. 'local' ip must be followed by 'remote'.
    > connect local 10.9.9.1 remote
    'connect' must be followed by an ip pair. Error: 'remote' should be followed by an ip address.
    > connect local 10.9.9.1 remote x
    'connect' must be followed by an ip pair. Error: <x> is not an IPv4 or IPv6 address.
    > allow 10.9.9.2:3784
    Invalid IPv4 or IPv6 address <10.9.9.2:3784>.
    > allow 10.9.9
    Invalid IPv4 or IPv6 address <10.9.9>.
    > allow 010.9.9.2
    Invalid IPv4 or IPv6 address <010.9.9.2>.
    > session new set mintx 1 s
    Attempting to set mintx to 1,000,000 us.
    > session new set minrx 900 ms
    Attempting to set minrx to 900,000 us.
    > session new set multi 5
    Attempting to set multi to 5.
    > session new set cpi yes
    Attempting to set control plane independent (C) bit to yes.
    > session new set cpi no
    Attempting to set control plane independent (C) bit to no.
    > session new set admin_up_poll yes
    Attempting to enable admin_up_poll workaround.
    > session new set admin_up_poll no
    Attempting to disable admin_up_poll workaround.
    > session new set mintx 1000
    Must supply a unit after the value 1000: 's', 'ms' or 'us'
    > session new kill
    Attempting to kill session(s).
    'new' can only be used with 'set'.
    > session new state down
    Attempting to put session(s) into Down state with diagnostic <Path Down>.
    'new' can only be used with 'set'.
    > session new suspend
    Attempting to suspend session(s).
    'new' can only be used with 'set'.
    > session new reset
    Attempting to reset session(s).
    'new' can only be used with 'set'.
    > session new
    Must supply session action: 'state', 'set', 'kill', 'reset', 'suspend' or 'resume'.
    > session all set mintx 300 ms
    Attempting to set mintx to 300,000 us.
    > session all set minrx 300 ms
    Attempting to set minrx to 300,000 us.
    > session all set multi 3
    Attempting to set multi to 3.
    > session local 10.9.9.1 remote 10.9.9.2 set multi 3
    Attempting to set multi to 3.
    > session remote 10.9.9.2 local 10.9.9.1 set multi 3
    Attempting to set multi to 3.
    > session remote 10.9.9.8 local 10.9.9.1 set multi 3
    Attempting to set multi to 3.
    No session with local ip=10.9.9.1 and remote ip=10.9.9.8.
    > session local 10.9.9.1
    Must supply 'all', 'new', session id or 'remote ip local ip' before other settings. Error: 'remote' not found.
    > session 1 suspend
    Attempting to suspend session(s).
    > session 1 resume
    Attempting to resume session(s).
    > session 1 state down
    Attempting to put session(s) into Down state with diagnostic <Path Down>.
    > session 1 state admin
    Attempting to put session(s) into AdminDown state with diagnostic <Administratively Down>.
    > session 1 state down 3
    Attempting to put session(s) into Down state with diagnostic <Neighbor Signaled Session Down>.
    > session 1 state down path
    Unrecognized diagnostic value. Must be integer <path>.
    > session 1 state down bogus
    Unrecognized diagnostic value. Must be integer <bogus>.
    > session 1 state admin 5
    Attempting to put session(s) into AdminDown state with diagnostic <Path Down>.
    > session 1 state up 3
    State up can not have diagnostic value.
    > session 1 state bogus
    Unrecognized state <bogus> use 'up', 'admin', or 'down'.
    > session 1 state
    Must supply state: 'up', 'admin', or 'down'.
    > session all state down
    Attempting to put session(s) into Down state with diagnostic <Path Down>.
    > session all state up
    Attempting to put session(s) into Up state with diagnostic <No Diagnostic>.
    > session all suspend
    Attempting to suspend session(s).
    > session all resume
    Attempting to resume session(s).
    > log level
    Must specify a level name or 'list'.
    > log level list
    Available log levels: none, minimal, normal, detailed, dev, all
    > log level none
    Log level set to none.
    > log level minimal
    Log level set to minimal.
    > log level normal
    Log level set to normal.
    > log level detailed
    Log level set to detailed.
    > log level dev
    Log level set to dev.
    > log level all
    Log level set to all.
    > log level bogus
    Unknown level: bogus.
    > log level normal
    Log level set to normal.
    > log type
    'type' must be followed by 'list' or a log type.
    > log type list
    Available log types:
        critical
        error
        warn
        debug
        app - General application messages
        app_detail - Detailed application messages
        session - Session creation and state change
        session_detail - Detailed session creation and state change
        discard - Packet discards and errors
        discard_detail - Contents of (some) discarded packets
        packet - Detailed packet info
        packet_contents - Log every non-discarded packet
        command - Incoming commands
        command_detail - Detailed info about command processing
        timer_detail - Detailed info about timers and scheduler
        temp - Special temporary developer messages
    > log type command no
    Log type command set to no, was yes
    > log type command yes
    Log type command set to yes, was no
    > log type command
    Must specify 'yes' or 'no'.
    > log type command maybe
    Must specify 'yes' or 'no'.
    > log type bogus yes
    Unknown log type: bogus.
    > log type app no
    Log type app set to no, was yes
    > log type app yes
    Log type app set to yes, was no
    > log type session no
    Log type session set to no, was yes
    > log type packet yes
    Log type packet set to yes, was no
    > log type packet no
    Log type packet set to no, was yes
    > log type packet_contents yes
    Log type packet_contents set to yes, was no
    > log type packet_contents no
    Log type packet_contents set to no, was yes
    > log type session_detail yes
    Log type session_detail set to yes, was no
    > log type temp yes
    Log type temp set to yes, was no
    > log type timer yes
    Unknown log type: timer.
    > log type timer_detail no
    Log type timer_detail set to no, was no
    > log timing yes
    Extended time logging enabled.
    > log timing no
    Extended time logging disabled.
    > log timing
    Must specify 'yes' or 'no'.
    > log timing maybe
    Must specify 'yes' or 'no'.
    > log
    Must specify: 'level', 'type' or 'timing'.
    > log bogus
    'log' must be followed by one of 'level', 'type' or 'timing'. Unknown <bogus>
    > log level list
    Available log levels: none, minimal, normal, detailed, dev, all
    > log type list
    Available log types:
        critical
        error
        warn
        debug
        app - General application messages
        app_detail - Detailed application messages
        session - Session creation and state change
        session_detail - Detailed session creation and state change
        discard - Packet discards and errors
        discard_detail - Contents of (some) discarded packets
        packet - Detailed packet info
        packet_contents - Log every non-discarded packet
        command - Incoming commands
        command_detail - Detailed info about command processing
        timer_detail - Detailed info about timers and scheduler
        temp - Special temporary developer messages
    > bogus
    Unknown command <bogus>
    > bogus with words
    Unknown command <bogus>
    > help
    Unknown command <help>
    > consume_beacon
    Unknown command <consume_beacon>
    > session 1 reset
    Attempting to reset session(s).
    > session all reset
    Attempting to reset session(s).
    > session 2 kill
    Attempting to kill session(s).
    No session with id=2.
    > session 3 kill
    Attempting to kill session(s).
    No session with id=3.
    > session all kill
    Attempting to kill session(s).
    """#
}
