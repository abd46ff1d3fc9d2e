// What a process that runs for months keeps resident.
#ifndef EVERWAY_CL_MEMORY_H
#define EVERWAY_CL_MEMORY_H

// Blocks of 128 KiB and more are mapped by themselves from now on, and so given back as they are freed, whatever was freed
// before (mallopt(3), M_MMAP_THRESHOLD: left alone, the threshold grows with what is freed).
void cl_memory_return_blocks(void);

// Gives back free memory of the heaps (malloc_trim(3)) and unmaps the pages of program and libraries that nobody can have
// changed: those still in use come back from the page cache as they are touched. Of no effect on locked memory.
void cl_memory_release(void);

#endif
