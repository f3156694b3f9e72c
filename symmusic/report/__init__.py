"""Reports as blocks of text, tables and charts, rendered as Markdown and HTML."""
