"""What cannot be translated inside a sentence comes out as it went in, and terms as a list says."""
