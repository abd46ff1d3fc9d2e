import CLinux

/// What a process that runs for months keeps in memory of what it needed once.
public enum MemoryUse {
  /// Has large blocks, 128 KiB and more, go back to the kernel as they are freed. Before anything large is made.
  public static func returnLargeBlocks() { cl_memory_return_blocks() }

  /// Gives back what is free, and the pages of the program that starting needed: those still in use come back from the
  /// page cache. Of no effect on memory that is locked.
  public static func release() { cl_memory_release() }
}
