"""Research projects: what is granted to whom, and the extract that holds exactly that under the project's own ids."""
