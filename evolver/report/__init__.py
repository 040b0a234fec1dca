"""Reports of a run: tables, a picture, and the files of its run folder."""
