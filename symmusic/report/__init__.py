"""Reports: what was measured, as blocks of text, tables and charts, written as Markdown and HTML."""
