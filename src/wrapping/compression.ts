/** The ways output may be compressed. */

/** Undone by Node itself. */
export type NodeCompression = 'gzip' | 'zlib' | 'deflate-raw' | 'brotli' | 'zstd';

/** Undone by a program of the system. */
export type ToolCompression = 'xz' | 'bzip2' | 'compress';

export type Compression = NodeCompression | ToolCompression;
