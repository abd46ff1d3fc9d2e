// libyaml (Debian: libyaml-dev). Linked statically by the YAML target, see Package.swift.
#include <yaml.h>
