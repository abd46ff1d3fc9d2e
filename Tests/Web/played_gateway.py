"""A gateway that is only played: answers on a Unix control socket as `everway run` does, with made-up sessions.

    python3 Tests/Web/played_gateway.py /tmp/control.sock --sessions 4000

Thread-safe: a test changes states while clients follow.
"""

import argparse
import datetime
import json
import math
import os
import random
import socket
import threading
import time


def stamp(seconds):
    whole = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return whole.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


# A control packet: version 1, Up, multiplier 3, discriminators, 100 ms both ways.
PACKET = "20c00318{:08x}000000050001 86a0000186a000000000".replace(" ", "")


class PlayedGateway:
    """What it has: `routers` that paths ask about, the rest of `sessions` on the cluster's side."""

    def __init__(self, path, sessions=12, routers=4, detection=300_000, host="node-a", rules=False):
        self.path, self.detection = path, detection
        self.lock = threading.RLock()
        self.random = random.Random(7)
        self.began = time.time() - 93_784
        self.sequence, self.events, self.clients, self.asked = 0, [], [], []
        self.counts = {}
        self.loose = set()  # sessions whose packets come late
        self.sampling = True
        self.report = self.first_report(sessions, min(routers, sessions), host, rules)
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.isRunning = True
        threading.Thread(target=self.accept, daemon=True).start()
        threading.Thread(target=self.tick, daemon=True).start()

    # What is told.

    def session(self, number, name, address, interface, role="active", rule=None):
        up = time.time() - 3_600 - number % 977
        value = {
            "name": name, "dest-addr": address, "source-addr": "10.9.0.10", "interface": interface, "path-type": "path-ip-sh",
            "source-port": 49152 + number % 16000, "dest-port": 3784, "role": role, "drained": False,
            "local-discriminator": 100_000 + number, "remote-discriminator": 7_000_000 + number,
            "local-multiplier": 3, "remote-multiplier": 3, "desired-min-tx-interval": 100_000,
            "required-min-rx-interval": 100_000, "remote-desired-min-tx-interval": 100_000,
            "remote-required-min-rx-interval": 100_000, "last-packet-age": 41_000, "last-state-change-time": stamp(up),
            "seconds-in-state": time.time() - up,
            "session-running": {
                "local-state": "up", "remote-state": "up", "local-diagnostic": "none", "remote-diagnostic": "none",
                "remote-authenticated": False, "detection-mode": "async-without-echo", "negotiated-tx-interval": 100_000,
                "negotiated-rx-interval": 100_000, "detection-time": self.detection, "echo-tx-interval-in-use": 0},
            "session-statistics": {
                "create-time": stamp(self.began), "last-up-time": stamp(up), "down-count": 0, "admin-down-count": 0,
                "receive-packet-count": 36_000, "send-packet-count": 36_100, "receive-invalid-packet-count": 0,
                "send-failed-packet-count": 0}}
        if rule:
            value["rule"] = rule
        return value

    def first_report(self, sessions, routers, host, rules):
        interfaces = ["net1", "net2"]
        listed, paths = [], []
        for i in range(routers):
            name, link, address = f"r{i + 1}", interfaces[i % 2], f"10.9.{i % 2}.{i // 2 + 1}"
            listed.append(self.session(i, name, address, link))
            paths.append({
                "name": name, "via": address, "interface": link, "weight": 1 if i else 2, "state": "up", "reason": f"bfd {name} is Up",
                "since": stamp(time.time() - 3_600), "seconds-in-state": 3_600.0, "next-hop-id": 1000 + i,
                "health": [{"kind": "all", "verdict": "up", "checks": [
                    {"kind": "link", "target": link, "verdict": "up", "checks": []},
                    {"kind": "bfd", "target": name, "verdict": "up", "checks": []}]}]})
        paths.sort(key=lambda p: p["interface"])
        for i in range(routers, sessions):
            few = sessions - routers <= 40
            listed.append(self.session(
                i, f"lrp-{i - routers + 1}" if few else f"ovn-{i:04d}", f"10.16.{i // 250}.{i % 250 + 1}", "ovnext0", "passive",
                None if few and not rules else f"subnet-{chr(97 + i % 5)}"))
        names = [p["name"] for p in paths]
        report = {
            "version": "0.6.0", "pid": os.getpid(), "host-name": host, "started-at": stamp(self.began), "uptime-seconds": 93_784.0,
            "generated-at": stamp(time.time()), "configuration": {"file": "/etc/everway/gateway.yaml", "loaded-at": stamp(self.began)},
            "namespace": {"name": "ovnext", "path": "/run/netns/ovnext", "state": "healthy", "identity": "net:[4026532281]"},
            "speaker": {"source-port-ipv4": 49152, "scheduling-policy": "SCHED_FIFO", "scheduling-priority": 40, "cpu": 1,
                        "receive-packet-count": 4_000_000, "send-packet-count": 4_010_000, "overflowed-packet-count": 0,
                        "discards": [{"reason": "time-to-live", "count": 12}]},
            "sessions": listed, "paths": paths, "groups": [], "routes": [], "routes-omitted": 0,
            "uplinks": [{"watched": [{"kind": "interface", "name": n, "good": True} for n in interfaces], "lost-when": "all",
                         "lost": False, "tell": "admin-down", "telling": []}] if paths else [],
            "drain": {"state": "none", "targets": []}, "problems": [], "findings": [],
            "interfaces": [{"name": n, "index": 10 + i, "up": True, "carrier": True, "mtu": 1500, "addresses": [f"10.9.{i}.10/24"]}
                           for i, n in enumerate(interfaces + ["ovnext0"])]}
        if names:
            report["groups"] = [{
                "name": "default", "id": 9001, "type": "resilient", "buckets": 128, "members": [], "configured-members":
                [{"path": p["name"], "weight": p["weight"]} for p in paths], "last-path-policy": "keep", "state": "normal",
                "route-count": 2, "failover-count": 3}]
            report["routes"] = [
                {"prefix": "0.0.0.0/0", "table": 254, "metric": 0, "group": "default", "installed": True},
                {"prefix": "198.51.100.0/24", "table": 254, "metric": 0, "group": "default", "installed": True}]
            self.share(report)
        return report

    @staticmethod
    def share(report):
        for group in report["groups"]:
            good = [p for p in report["paths"] if p["state"] == "up"] or report["paths"][:1]
            total = sum(p["weight"] for p in good)
            group["members"] = [{"path": p["name"], "next-hop-id": p["next-hop-id"], "weight": p["weight"], "share": p["weight"] / total}
                                for p in good]

    def tell(self, **message):
        line = (json.dumps(message) + "\n").encode()
        with self.lock:
            for client in list(self.clients):
                try:
                    client.sendall(line)
                except OSError:
                    self.clients.remove(client)

    def event(self, kind, text, level="info", **more):
        with self.lock:
            self.sequence += 1
            event = {"sequence": self.sequence, "at": stamp(more.pop("when", time.time())), "level": level, "kind": kind, "text": text}
            event.update({key.replace("_", "-").rstrip("-"): value for key, value in more.items()})
            self.events.append(event)
            self.tell(event=event)

    def change(self, **parts):
        self.tell(change={"at": stamp(time.time()), "sessions": [], "removed-sessions": [],
                          **{key.replace("_", "-"): value for key, value in parts.items()}})

    # What happens.

    def set_state(self, name, state, cause="detection-time-expired", when=None):
        """One session goes Down, or Up again; its path and group follow, as they would."""
        with self.lock:
            now = when or time.time()
            session = next(s for s in self.report["sessions"] if s["name"] == name)
            old, running = session["session-running"]["local-state"], session["session-running"]
            running["local-state"] = state
            running["remote-state"] = "up" if state == "up" else "down"
            running["local-diagnostic"] = "none" if state == "up" else "control-expiry"
            session["last-state-change-time"] = stamp(now)
            if state != "up":
                session["session-statistics"]["down-count"] += 1
            words = f"session {name} ({session['dest-addr']}): {old} -> {state}"
            more = {"name": name, "session": session["local-discriminator"], "peer_address": session["dest-addr"], "from_": old, "to": state,
                    "cause": "handshake" if state == "up" else cause, "local_diagnostic": running["local-diagnostic"], "when": now}
            if state != "up":
                more.update(silence=self.detection + 900, detection_time=self.detection, packets=[
                    {"before": 100_000 * i + 1_300, "sent": i % 2 == 0, "octets": PACKET.format(session["local-discriminator"])}
                    for i in range(8, 0, -1)])
            self.event("session", words, "info" if state == "up" else "warning", **more)
            parts = {"sessions": [session]}
            path = next((p for p in self.report["paths"] if p["name"] == name), None)
            if path:
                before = [m["path"] for m in self.report["groups"][0]["members"]]
                path["state"] = "up" if state == "up" else "down"
                path["reason"] = f"bfd {name} is {state.capitalize()}"
                path["since"] = stamp(now)
                for check in path["health"]:
                    check["verdict"] = path["state"]
                    check["checks"][1]["verdict"] = path["state"]
                self.share(self.report)
                group = self.report["groups"][0]
                after = [m["path"] for m in group["members"]]
                self.event("path", f"path {name}: {path['reason']}", "info" if state == "up" else "warning", name=name,
                           from_="down" if state == "up" else "up", to=path["state"], when=now)
                if state != "up":
                    group["failover-count"] += 1
                    group["last-failover"] = {"at": stamp(now), "path": name, "members-before": before, "members-after": after, "latency": 212}
                self.event("group", f"group default: {', '.join(after)}", name="default", latency=212, members_before=before,
                           members_after=after, when=now)
                parts.update(paths=self.report["paths"], groups=self.report["groups"])
            self.change(**parts)

    def samples(self):
        with self.lock:
            numbers, received, sent = [], 0, 0
            for session in self.report["sessions"]:
                number = session["local-discriminator"]
                count = self.counts[number] = self.counts.get(number, 36_000) + 10
                up = session["session-running"]["local-state"] == "up"
                gap = int(95_000 + 12_000 * self.random.random() + (30_000 * self.random.random() ** 8))
                if session["name"] in self.loose:
                    gap = int(self.detection * (0.55 + 0.4 * abs(math.sin(time.time() / 7)) * self.random.random()))
                numbers += [number, count, count + 3, gap if up else 0, 180, 41_000 if up else -1]
                received += count
                sent += count + 3
            return {"at": stamp(time.time()), "sessions": numbers, "speaker": {
                "received": received, "sent": sent, "overflowed": 0, "discards": [{"reason": "time-to-live", "count": 12}],
                "worst-lateness": 180 + int(400 * self.random.random()), "lateness": [1, 2, 3], "lateness-sum": 1000}}

    def tick(self):
        while self.isRunning:
            time.sleep(1)
            if self.clients and self.sampling:
                self.tell(samples=self.samples())

    # The control socket.

    def accept(self):
        while self.isRunning:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        reader = client.makefile("rb")
        for line in reader:
            command = json.loads(line)
            self.asked.append(command)
            answer = {"version": 1, "ok": True}
            if command["command"] == "observe":
                with self.lock:
                    client.sendall((json.dumps({**answer, "stream": "open"}) + "\n").encode())
                    self.report["generated-at"] = stamp(time.time())
                    client.sendall((json.dumps({"status": self.report}) + "\n").encode())
                    after = command.get("after") or {}
                    known = after.get("sequence", 0) if after.get("run") == self.report["started-at"] else 0
                    for event in self.events:
                        if event["sequence"] > known:
                            client.sendall((json.dumps({"event": event}) + "\n").encode())
                    self.clients.append(client)
                continue
            if command["command"] in ("drain", "undrain"):
                answer = self.drain(command.get("target"), command["command"] == "drain", answer)
            elif command["command"] == "repair":
                answer = self.repair(command["finding"], answer)
            elif command["command"] == "reload":
                answer["reload"] = {"changes": [], "warnings": []}
            client.sendall((json.dumps(answer) + "\n").encode())

    def drain(self, target, wanted, answer):
        with self.lock:
            names = [s["name"] for s in self.report["sessions"]]
            if target and target not in names:
                return {"version": 1, "ok": False, "error": {
                    "code": "unknown-target", "message": "There is no path or peer of this name.", "details": names[:20]}}
            state = "draining" if wanted else "none"
            drain = self.report["drain"]
            if target:
                drain["targets"] = [d for d in drain["targets"] if d["name"] != target]
                if wanted:
                    drain["targets"].append({"name": target, "kind": "path", "state": state, "since": stamp(time.time())})
            else:
                drain["state"] = state
            self.event("drain", f"{target or 'this node'}: {'draining' if wanted else 'back in service'}", name=target or "node",
                       from_="none" if wanted else "draining", to=state)
            self.change(drain=drain)
            answer["drain"] = {"changed": True, "state": state, "message": f"{target or 'This node'} is {'draining' if wanted else 'in service'}.", "notes": []}
            return answer

    def find(self, identifier, symptom, repair=None, severity="error"):
        with self.lock:
            finding = {"id": identifier, "severity": severity, "symptom": symptom, "since": stamp(time.time())}
            if repair:
                finding["repair"] = repair
            self.report["findings"].append(finding)
            self.change(findings=self.report["findings"])

    def repair(self, identifier, answer):
        with self.lock:
            found = [f for f in self.report["findings"] if f["id"] == identifier]
            self.report["findings"] = [f for f in self.report["findings"] if f["id"] != identifier]
            result = "repaired" if found else "nothing-to-do"
            self.event("repair", f"{identifier}: {result}", name=identifier, to=result)
            self.change(findings=self.report["findings"])
            return {**answer, "repair": {"finding": identifier, "result": result, "message": f"{identifier} is repaired", "notes": ["ovnext: repaired"]}}

    def drop_clients(self):
        """As a gateway does that is killed: every stream ends."""
        with self.lock:
            for client in self.clients:
                client.shutdown(socket.SHUT_RDWR)
                client.close()
            self.clients = []

    def stop(self):
        self.isRunning = False
        self.listener.close()
        self.drop_clients()
        if os.path.exists(self.path):
            os.unlink(self.path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--sessions", type=int, default=12)
    parser.add_argument("--flap", action="store_true", help="a router goes away and comes back, again and again")
    arguments = parser.parse_args()
    gateway = PlayedGateway(arguments.path, arguments.sessions)
    while True:
        time.sleep(5)
        if arguments.flap:
            gateway.set_state("r2", "down")
            time.sleep(5)
            gateway.set_state("r2", "up")
