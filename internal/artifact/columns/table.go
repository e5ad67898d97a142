package columns

// Table is the columns of a selection of runs. It is immutable and safe for concurrent use.
type Table struct{ columns []Column }

// Columns lists them in order.
func (t *Table) Columns() []Column { return t.columns }
