#!/bin/bash
# The rules of the iptables-*.txt and ip6tables-*.txt texts:
#   rules.iptables.sh iptables-legacy 10.9.0.0/24 10.9.0.1 10.0.0.1-10.0.0.9
#   rules.iptables.sh ip6tables-legacy fd00::/64 fd00::1 fd00::1-fd00::9
"$1" -P FORWARD DROP
"$1" -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
"$1" -A INPUT -i lo -j ACCEPT
"$1" -N BFD
"$1" -A INPUT -p udp -m udp --dport 3784 -j BFD
"$1" -A INPUT -p udp -m multiport --dports 3784,4784,5000:5010 -m comment --comment "a \"quoted\" word" -j ACCEPT
"$1" -A INPUT -s $3 -p udp --dport 3784 -j DROP
"$1" -A INPUT ! -s $2 -i eth+ -p tcp --sport 1:100 ! --dport 22 -j REJECT
"$1" -A INPUT -p udp -m limit --limit 5/sec -j ACCEPT
"$1" -A INPUT -m state --state NEW -j LOG --log-prefix "new: "
"$1" -A INPUT -m statistic --mode random --probability 0.3 -j DROP
"$1" -A INPUT -m mark --mark 0x1/0xf -j RETURN
"$1" -A INPUT -m addrtype --dst-type LOCAL -g BFD
"$1" -A BFD -m iprange --src-range $4 -j RETURN
"$1" -A BFD -m length --length 32:60 -j DROP
"$1" -A BFD -m pkttype --pkt-type broadcast -j DROP
"$1" -t mangle -A PREROUTING -p udp -j MARK --set-mark 5
"$1" -t mangle -A POSTROUTING -p udp -j TOS --set-tos 0xc0
"$1" -t raw -A PREROUTING -p udp --dport 3784 -j CT --notrack
"$1" -t nat -A PREROUTING -p udp --dport 999 -j REDIRECT --to-ports 3784
"$1" -t nat -A POSTROUTING -o eth0 -j MASQUERADE
"$1" -t raw -A OUTPUT -m owner --uid-owner 0 -j ACCEPT
if [[ $1 == ip6* ]]; then
  "$1" -A INPUT -p icmpv6 --icmpv6-type 135 -j ACCEPT
  "$1" -A INPUT -m hl --hl-lt 255 -j DROP
else
  "$1" -A INPUT -m ttl --ttl-lt 255 -j DROP
  "$1" -A INPUT -p icmp --icmp-type echo-request -j ACCEPT
fi
