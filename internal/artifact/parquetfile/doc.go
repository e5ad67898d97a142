// Package parquetfile writes tables of results as Parquet files. It writes what such tables need and no more: flat
// columns and lists of scalars, all of them nullable, in data pages of the first version, with dictionaries where
// values repeat and statistics in the footer. The same rows give the same bytes, whatever batches they come in and
// however many goroutines encode them; with Snappy, on the same kind of processor. Memory holds the compressed pages
// of one row group besides a page for each column.
package parquetfile
