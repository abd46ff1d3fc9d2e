import Cluster

// Parts of facts whose members may all be left out.
extension MachineFacts.Limits: EmptyWhenAbsent {}
extension MachineFacts.CPU: EmptyWhenAbsent {}
extension MachineFacts.Memory: EmptyWhenAbsent {}
