"""Spark in DuckDB's place: the same links to the last person, and a clear refusal where it is not installed."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from benchmarks.linkage_data import write_standard
from fjo_pipeline.core.errors import Refused, StatementFailed
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.ttp.linkage import spark
from fjo_pipeline.ttp.linkage.evaluate import evaluate
from fjo_pipeline.ttp.linkage.spark import Engine, scoring_session

on_spark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("pyspark") is None, reason=spark.MISSING_EXTRA),
    pytest.mark.skipif(shutil.which("java") is None, reason=spark.MISSING_JAVA),
]


@pytest.mark.parametrize(("missing", "mend"), [("find_spec", "uv sync --extra spark"), ("which", "Java 17")])
def test_without_pyspark_or_java_the_engine_is_refused(
    session: Session, monkeypatch: pytest.MonkeyPatch, missing: str, mend: str
) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(spark, "find_spec", lambda _: None if missing == "find_spec" else object())
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Refused, match=mend), scoring_session(session, "spark"):
        pass


class TestOnLocalSpark:
    """One start of Spark for both tests: it takes longer than they do."""

    pytestmark = on_spark

    @pytest.fixture(scope="class")
    def folder(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("spark")
        write_standard(people=2_000, register_people=20_000, seed=5, out=folder)
        return folder

    def test_it_makes_the_links_that_duckdb_makes(self, folder: Path) -> None:
        engines: tuple[Engine, ...] = ("duckdb", "spark")
        for engine in engines:
            result = evaluate(
                *(folder / f"{name}.parquet" for name in ("register", "people", "truth")),
                temp_directory=folder / "spill",
                links=folder / f"{engine}.parquet",
                engine=engine,
            )
            assert result.statuses["35"]["people"] > 100
        others, people = duckdb.sql(
            f"""SELECT count(*) FILTER (d.register_id IS DISTINCT FROM s.register_id OR d.alf_sts_cd <> s.alf_sts_cd
                                        OR (d.alf_mtch_pct IS NULL) <> (s.alf_mtch_pct IS NULL)
                                        OR abs(d.alf_mtch_pct - s.alf_mtch_pct) > 0.000001), count(*)
            FROM '{folder}/duckdb.parquet' d FULL JOIN '{folder}/spark.parquet' s USING (person_id)"""
        ).fetchall()[0]
        assert people > 1_500
        assert others == 0

    def test_no_identifier_lies_in_plain_on_disk_and_no_error_quotes_one(self, session: Session) -> None:
        # Random letters, as compression would hide a text that repeats.
        session.run(
            "CREATE TEMP TABLE linkage_name AS SELECT i AS rid, 'Zacharias' || md5(i::VARCHAR) AS surname, "
            "'4' AS register_id FROM range(50000) t(i)",
            step="make names",
        )
        spill = Path(str(session.value("SELECT current_setting('temp_directory')", step="find the folder")))
        with scoring_session(session, "spark") as scoring:
            scoring.run(
                "CREATE TEMP TABLE shuffled AS SELECT surname, count(*) AS names FROM linkage_name GROUP BY surname",
                step="shuffle",
            )
            assert scoring.row("SELECT count(*), sum(names) FROM shuffled", step="count") == (50_000, 50_000)
            written = [path for path in spill.rglob("*") if path.is_file() and path.suffix != ".jar"]
            assert sum(path.stat().st_size for path in written) > 1_000_000, "the shuffle was written somewhere else"
            assert not any(b"Zacharias" in path.read_bytes() for path in written)
            with pytest.raises(StatementFailed) as failed:
                scoring.rows("SELECT CAST(surname AS INTEGER) FROM linkage_name", step="read a name as a number")
            assert "Zacharias" not in str(failed.value)
            assert failed.value.__context__ is None
            with pytest.raises(StatementFailed):
                scoring.rows("SELECT register_id FROM linkage_name", step="read an id that stays behind")
        assert session.value("SELECT count(*) FROM shuffled", step="look for what came back") == 50_000
