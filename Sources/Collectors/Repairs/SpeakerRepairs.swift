import Doctor

enum SpeakerRepairs {
  static func apply(_ action: RepairAction) throws(RepairError) {
    throw RepairError("this version cannot do it: \(action)")
  }
}
